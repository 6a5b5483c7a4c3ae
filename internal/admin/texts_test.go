package admin

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/trace"
)

var (
	spoken = regexp.MustCompile(`(?:[({ ]t|\.say)[ (]("(?:[^"\\]|\\.)*")`)
	errs   = regexp.MustCompile(`pay\.Errorf\([^"]*"[a-z_]*", ("(?:[^"\\]|\\.)*")\)`)
	verb   = regexp.MustCompile(`%[a-z]`)
)

// sentences lists the English sentences of the pages and of what they refuse.
func sentences(t *testing.T) (list []string) {
	t.Helper()
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(sources, pages...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range append(spoken.FindAllSubmatch(b, -1), errs.FindAllSubmatch(b, -1)...) {
			sentence, err := strconv.Unquote(string(m[1]))
			if err != nil {
				t.Fatalf("%s: %s", name, m[1])
			}
			if !strings.Contains(string(m[0]), "Errorf") || !verb.MatchString(sentence) {
				list = append(list, sentence)
			}
		}
	}
	return list
}

// words lists the closed lists whose values are called something.
func words() (keys []string) {
	add := func(kind string, values ...string) {
		for _, v := range values {
			keys = append(keys, kind+":"+v)
		}
	}
	add("code", texts(pay.Codes)...)
	add("session", texts(pay.SessionStatuses)...)
	add("attempt", texts(pay.AttemptStates)...)
	add("refund", texts(pay.RefundStatuses)...)
	add("failure", texts(pay.RefundFailures)...)
	add("origin", texts([]pay.RefundOrigin{pay.RefundByMerchant, pay.RefundOfSurplus, pay.RefundByProvider, pay.RefundByHand})...)
	add("entry", texts(checkout.QuarantineStatuses)...)
	add("resolution", texts(checkout.Resolutions)...)
	add("outcome", texts([]pay.Outcome{pay.OutcomePending, pay.OutcomePaid, pay.OutcomeClosed, pay.OutcomeAbsent, pay.OutcomeRefund})...)
	add("source", texts([]pay.Source{pay.SourceNotification, pay.SourceQuery, pay.SourceClose, pay.SourceRefund, pay.SourceBill})...)
	add("endpoint", standings...)
	add("kind", texts([]trace.Kind{trace.Change, trace.Statement, trace.Quarantine, trace.Webhook, trace.Exchange, trace.Heard, trace.Hand})...)
	return keys
}

func texts[T ~string](list []T) (out []string) {
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}

// Every sentence and word is there in Chinese, with the same places for values, and no
// other.
func TestTexts(t *testing.T) {
	t.Parallel()
	known := append(sentences(t), words()...)
	if len(known) < 100 {
		t.Fatalf("only %d sentences were found", len(known))
	}
	chinese := languages["zh-CN"].texts
	for _, key := range known {
		text := chinese[key]
		if text == "" {
			t.Errorf("no Chinese for %q", key)
		}
		if want, got := verb.FindAllString(key, -1), verb.FindAllString(text, -1); !slices.Equal(want, got) {
			t.Errorf("%q has %v, want %v", text, got, want)
		}
	}
	for key := range chinese {
		if !slices.Contains(known, key) {
			t.Errorf("nobody says %q", key)
		}
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]pay.Money{
		"59.80 CNY": {Currency: "CNY", Value: 5980}, "0.05 CNY": {Currency: "CNY", Value: 5}, "500 JPY": {Currency: "JPY", Value: 500}, "0.00 CNY": {Currency: "CNY"},
	} {
		if got := money(m); got != want {
			t.Errorf("%+v is %q, want %q", m, got, want)
		}
	}
}

// Nothing leads out of the pages.
func TestOurs(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"/admin/sessions?q=1": "/admin/sessions?q=1", "/admin/": "/admin/", "": Root, "/": Root, "/metrics": Root,
		"https://evil.example/admin/": Root, "//evil.example/admin/": Root, `/\evil.example/admin/`: Root, "/admin/../metrics": Root, "/admin/sign-in": Root, "/admin/%2e%2e/metrics": Root,
	} {
		if got := ours(address); got != want {
			t.Errorf("%q leads to %q, want %q", address, got, want)
		}
	}
}
