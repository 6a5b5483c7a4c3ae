package locale_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/locale"
	"morepay/internal/method"
	"morepay/internal/pay"
)

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// TestCatalogueIsComplete holds every language to the keys and placeholders of
// the fallback. A currency's pattern may be missing: there is a general one.
func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	want := locale.Text(locale.Fallback)
	for _, tag := range locale.Tags() {
		t.Run(tag, func(t *testing.T) {
			text := locale.Text(tag)
			for key, sentence := range want {
				got, ok := text[key]
				switch {
				case !ok && !optional(key):
					t.Errorf("%s is missing", key)
				case ok && got == "":
					t.Errorf("%s is empty", key)
				case ok && key != "date" && !slices.Equal(placeholders(got), placeholders(sentence)):
					t.Errorf("%s has placeholders %v, want %v", key, placeholders(got), placeholders(sentence))
				}
			}
			for key := range text {
				if _, ok := want[key]; !ok && !optional(key) {
					t.Errorf("%s is not a key of %s", key, locale.Fallback)
				}
			}
		})
	}
}

// optional reports whether a language may do without a key: a currency's pattern,
// and the names of months where dates have numbers only.
func optional(key string) bool { return strings.HasPrefix(key, "money.") || key == "date.months" }

func placeholders(s string) []string {
	found := placeholder.FindAllString(s, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// TestHelpSaysMore: a sentence below a title that says the same is one too many.
func TestHelpSaysMore(t *testing.T) {
	t.Parallel()
	for _, tag := range locale.Tags() {
		text := locale.Text(tag)
		for key, title := range text {
			screen, is := strings.CutSuffix(key, ".title")
			if help := text[screen+".help"]; is && !strings.Contains(title, "{") && strings.Contains(strings.ToLower(help), strings.ToLower(title)) {
				t.Errorf("%s: %s.help repeats the title: %s", tag, screen, help)
			}
		}
	}
}

// TestSecondsAreSaid: the time after which the page goes on is in the sentence.
func TestSecondsAreSaid(t *testing.T) {
	t.Parallel()
	for _, tag := range locale.Tags() {
		if soon := locale.Text(tag)["continue.soon"]; !strings.Contains(soon, "3") {
			t.Errorf("%s: %s", tag, soon)
		}
	}
}

func TestEveryPayerErrorHasSentence(t *testing.T) {
	t.Parallel()
	for _, tag := range locale.Tags() {
		for _, code := range pay.Codes {
			_, has := locale.Text(tag)["error."+string(code)]
			if merchants := slices.Contains(locale.MerchantCodes, code); has == merchants {
				t.Errorf("%s: error.%s has a sentence: %t, only for merchants: %t", tag, code, has, merchants)
			}
		}
	}
}

// TestEveryShownReasonHasSentence: a disabled row without one would be a riddle.
func TestEveryShownReasonHasSentence(t *testing.T) {
	t.Parallel()
	for _, tag := range locale.Tags() {
		for _, code := range capability.ReasonCodes() {
			if _, has := locale.Text(tag)["reason."+string(code)]; has != code.Shown() {
				t.Errorf("%s: reason.%s has a sentence: %t, is shown: %t", tag, code, has, code.Shown())
			}
		}
		for _, host := range device.Hosts() {
			if _, has := locale.Text(tag)["host."+string(host)]; !has {
				t.Errorf("%s: host.%s is missing", tag, host)
			}
		}
		for _, m := range method.All() {
			if m.Name(tag) == "" {
				t.Errorf("%s: %s has no name", tag, m.ID)
			}
		}
		for _, rail := range pay.Rails {
			for _, key := range []string{"rail.", "instead."} {
				if _, has := locale.Text(tag)[key+string(rail)]; !has {
					t.Errorf("%s: %s%s is missing", tag, key, rail)
				}
			}
		}
	}
}

func TestErrorOfMerchantCodeIsInternal(t *testing.T) {
	t.Parallel()
	en := locale.Text("en")
	if got, want := locale.Problem(en, pay.CodeIdempotency), en["error.internal"]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ chosen, session, merchant, accept, want string }{
		"payer-wins":                 {"zh-CN", "en", "en", "en", "zh-CN"},
		"session-before-browser":     {"", "en", "zh-CN", "zh-TW", "en"},
		"session-we-do-not-speak":    {"", "xx", "zh-CN", "zh-TW,en;q=0.5", "zh-TW"},
		"browser-before-merchant":    {"", "", "zh-CN", "en-GB,en;q=0.9", "en"},
		"browser-weights":            {"", "", "en", "en;q=0.3, zh-CN;q=0.9", "zh-CN"},
		"hong-kong":                  {"", "", "en", "zh-HK", "zh-HK"},
		"macau-is-traditional":       {"", "", "en", "zh-MO", "zh-HK"},
		"korean":                     {"", "", "zh-CN", "ko-KR,ko;q=0.9,en-US;q=0.8", "ko"},
		"portugal":                   {"", "", "en", "pt-PT", "pt-BR"},
		"egypt":                      {"", "", "en", "ar-EG", "ar"},
		"old-code-of-indonesian":     {"", "", "en", "in-ID", "id"},
		"plain-chinese":              {"", "", "en", "zh", "zh-CN"},
		"singapore-is-simplified":    {"", "", "en", "zh-SG", "zh-CN"},
		"traditional-script":         {"", "", "en", "zh-Hant", "zh-TW"},
		"english-for-the-unknown":    {"", "", "zh-CN", "sw-KE,am", "en"},
		"chinese-if-the-payer-reads": {"", "", "en", "sw-KE,zh;q=0.1", "zh-CN"},
		"merchant-if-no-header":      {"", "", "zh-CN", "", "zh-CN"},
		"merchant-if-any-will-do":    {"", "", "zh-CN", "*", "zh-CN"},
		"nothing-known":              {"", "", "", "", "en"},
		"broken-everything":          {"??", "\x00", "!!", ";;q=,,", "en"},
		"endless-header":             {"", "", "zh-CN", strings.Repeat("en,", 1000), "zh-CN"},
		"pseudo-if-asked":            {"en-XA", "zh-CN", "zh-CN", "zh-CN", "en-XA"},
		"pseudo-is-not-guessed":      {"", "", "zh-CN", "en-XA", "en"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := locale.Match([]string{tt.chosen, tt.session}, tt.accept, tt.merchant); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("zh-CN", "en", "zh-TW,zh;q=0.9,en-US;q=0.8")
	f.Add("", "", "*;q=0.1,x-private,zh-cmn-Hans-CN")
	f.Fuzz(func(t *testing.T, session, merchant, accept string) {
		if tag := locale.Match([]string{session}, accept, merchant); tag != locale.Pseudo && !slices.Contains(locale.Tags(), tag) {
			t.Errorf("Match returned %q, which we don't speak", tag)
		}
	})
}

func TestMoney(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tag  string
		m    pay.Money
		want string
	}{
		"yuan-en":          {"en", pay.Money{Currency: "CNY", Value: 5980}, "CN¥59.80"},
		"yuan-zh":          {"zh-CN", pay.Money{Currency: "CNY", Value: 5980}, "¥59.80"},
		"yuan-taiwan":      {"zh-TW", pay.Money{Currency: "CNY", Value: 5980}, "CN¥59.80"},
		"one-fen":          {"en", pay.Money{Currency: "CNY", Value: 1}, "CN¥0.01"},
		"nothing":          {"en", pay.Money{Currency: "CNY"}, "CN¥0.00"},
		"thousands":        {"en", pay.Money{Currency: "CNY", Value: 123456789}, "CN¥1,234,567.89"},
		"three-digits":     {"en", pay.Money{Currency: "CNY", Value: 99999}, "CN¥999.99"},
		"four-digits":      {"en", pay.Money{Currency: "CNY", Value: 100000}, "CN¥1,000.00"},
		"no-decimals":      {"en", pay.Money{Currency: "JPY", Value: 1500}, "JP¥1,500"},
		"three-decimals":   {"en", pay.Money{Currency: "KWD", Value: 1234567}, "KWD 1,234.567"},
		"unknown-currency": {"zh-CN", pay.Money{Currency: "XTS", Value: 5}, "XTS 0.05"},
		"unknown-language": {"xx", pay.Money{Currency: "USD", Value: 250}, "US$2.50"},
		"negative":         {"en", pay.Money{Currency: "CNY", Value: -5}, "-CN¥0.05"},
		"smallest-number":  {"en", pay.Money{Currency: "JPY", Value: -1 << 63}, "-JP¥9,223,372,036,854,775,808"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := locale.Money(tt.tag, tt.m); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestMoneyKeepsEveryDigit reads the digits back: what is shown is what is asked.
func TestMoneyKeepsEveryDigit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := pay.Money{
			Currency: rapid.SampledFrom([]string{"CNY", "JPY", "KWD", "CLF", "USD"}).Draw(t, "currency"),
			Value:    rapid.Int64Min(0).Draw(t, "value"),
		}
		var read int64
		for _, r := range locale.Money("en", m) {
			if r >= '0' && r <= '9' {
				read = read*10 + int64(r-'0')
			}
		}
		if read != m.Value {
			t.Fatalf("%v is shown as %q", m, locale.Money("en", m))
		}
	})
}

func TestLeft(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		left time.Duration
		want string
	}{
		"over":            {-time.Second, "0:00"},
		"nothing":         {0, "0:00"},
		"part-of-second":  {1999 * time.Millisecond, "0:01"},
		"seconds":         {59 * time.Second, "0:59"},
		"last-minutes":    {5 * time.Minute, "5:00"},
		"calm":            {5*time.Minute + time.Second, "5 min"},
		"half-an-hour":    {30*time.Minute - time.Second, "29 min"},
		"hour":            {time.Hour, "1 h 0 min"},
		"two-hours":       {2*time.Hour - time.Second, "1 h 59 min"},
		"longer-than-day": {26 * time.Hour, "26 h 0 min"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := locale.Text("en").Left(tt.left); got != tt.want {
				t.Errorf("Left(%v) = %q, want %q", tt.left, got, tt.want)
			}
		})
	}
}

// dates has the first of December of 2026 in every language, as CLDR writes it.
var dates = map[string]string{
	"en":    "1 Dec 2026",
	"zh-CN": "2026年12月1日",
	"zh-TW": "2026年12月1日",
	"zh-HK": "2026年12月1日",
	"ja":    "2026年12月1日",
	"ko":    "2026. 12. 1.",
	"th":    "1 ธ.ค. ค.ศ. 2026",
	"vi":    "1 thg 12, 2026",
	"id":    "1 Des 2026",
	"ms":    "1 Dis 2026",
	"fr":    "1 déc. 2026",
	"de":    "1. Dez. 2026",
	"es":    "1 dic 2026",
	"pt-BR": "1 de dez. de 2026",
	"ru":    "1 дек. 2026 г.",
	"ar":    "1 ديسمبر 2026",
}

func TestDate(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.FixedZone("", 8*3600)) // still November in UTC
	for _, tag := range locale.Tags() {
		if got := locale.Text(tag).Date(at); got != dates[tag] {
			t.Errorf("%s: %q, want %q", tag, got, dates[tag])
		}
	}
}

// amounts has 1234.50 yuan in every language, as CLDR writes it, but for the sign:
// outside China ¥ alone is also the yen.
var amounts = map[string]string{
	"en":    "CN¥1,234.50",
	"zh-CN": "¥1,234.50",
	"zh-TW": "CN¥1,234.50",
	"zh-HK": "CN¥1,234.50",
	"ja":    "CN¥1,234.50",
	"ko":    "CN¥1,234.50",
	"th":    "CN¥1,234.50",
	"vi":    "1.234,50\u00a0CN¥",
	"id":    "CN¥\u00a01.234,50",
	"ms":    "CN¥\u00a01,234.50",
	"fr":    "1\u00a0234,50\u00a0CN¥",
	"de":    "1.234,50\u00a0CN¥",
	"es":    "1.234,50\u00a0CN¥",
	"pt-BR": "CN¥\u00a01.234,50",
	"ru":    "1\u00a0234,50\u00a0CN¥",
	"ar":    "CN¥1,234.50",
}

func TestYuan(t *testing.T) {
	t.Parallel()
	for _, tag := range locale.Tags() {
		if got := locale.Money(tag, pay.Money{Currency: "CNY", Value: 123450}); got != amounts[tag] {
			t.Errorf("%s: %q, want %q", tag, got, amounts[tag])
		}
	}
}

// TestPseudo: the language for tests differs from English wherever a payer reads,
// and keeps every placeholder.
func TestPseudo(t *testing.T) {
	t.Parallel()
	english, pseudo := locale.Text(locale.Fallback), locale.Text(locale.Pseudo)
	for key, sentence := range english {
		if !slices.Equal(placeholders(pseudo[key]), placeholders(sentence)) {
			t.Errorf("%s is %q", key, pseudo[key])
		}
	}
	if got := pseudo.Say("qr.label", "amount", "1", "merchant", "M"); !strings.HasPrefix(got, "[QR çödé tö páý 1 tö M") || !strings.HasSuffix(got, "·]") {
		t.Errorf("qr.label is %q", got)
	}
	if got := pseudo.Money(pay.Money{Currency: "CNY", Value: 5980}); got != "CN¥59.80" {
		t.Errorf("an amount is %q", got)
	}
}

func TestSayWithoutKeyStandsForItself(t *testing.T) {
	t.Parallel()
	en := locale.Text("en")
	if got := en.Say("no.such.key", "a", "b"); got != "no.such.key" {
		t.Errorf("got %q", got)
	}
	if got := en.Say("qr.label", "amount", "{merchant}", "merchant", "M"); got != "QR code to pay {merchant} to M" {
		t.Errorf("a value was filled as if it were a sentence: %q", got)
	}
}
