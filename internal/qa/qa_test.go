package qa_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	"morepay/internal/demo/merchants"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/qa"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var now = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

// anOrder is of a payer who is in the 40 percent rollout.
var anOrder = capability.Order{
	Amount: pay.Money{Currency: "CNY", Value: 5980},
	Items:  []pay.Item{{SKU: "TEA-0001", Category: "tea", Quantity: 1}},
	Payer:  "payer-1",
	Region: "CN",
}

func sample(t testing.TB, id string) *capability.Document {
	t.Helper()
	data, err := fs.ReadFile(merchants.FS, id+"/capabilities.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := document.Decode(data)
	if err != nil {
		t.Fatalf("%s:\n%v", id, err)
	}
	return doc
}

func samples(t testing.TB) []*capability.Document {
	t.Helper()
	files, err := fs.Glob(merchants.FS, "*/capabilities.json")
	if err != nil {
		t.Fatal(err)
	}
	docs := make([]*capability.Document, len(files))
	for i, file := range files {
		docs[i] = sample(t, path.Dir(file))
	}
	return docs
}

func written(t testing.TB, f qa.Format, cells []qa.Cell) string {
	t.Helper()
	var b bytes.Buffer
	if err := qa.Write(&b, f, cells); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden compares with a file of testdata, and shows the difference in lines.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := qa.Check(string(want), got); len(diff) > 0 {
		t.Errorf("%s differs, run with -update if that is right:\n%s", name, strings.Join(diff, "\n"))
	}
}

// TestMatrixGolden is the table of tables: every sample merchant on every
// device, for a plain cart and for carts that meet the limits.
func TestMatrixGolden(t *testing.T) {
	t.Parallel()
	carts := []struct {
		name  string
		order capability.Order
	}{
		{"plain", anOrder},
		{"anonymous", capability.Order{Amount: anOrder.Amount}},
		{"prepaid-card", capability.Order{Amount: anOrder.Amount, Payer: anOrder.Payer, Items: []pay.Item{{SKU: "TEA-0001"}, {SKU: "CARD-100", Category: "prepaid-card"}}}},
		{"too-much", capability.Order{Amount: pay.Money{Currency: "CNY", Value: 5_000_001}, Payer: anOrder.Payer}},
		{"dollars", capability.Order{Amount: pay.Money{Currency: "USD", Value: 5980}, Payer: anOrder.Payer}},
		{"wechat-pay-down", capability.Order{Amount: anOrder.Amount, Payer: anOrder.Payer, Down: []pay.Method{"wechat_pay"}}},
	}
	for _, cart := range carts {
		t.Run(cart.name, func(t *testing.T) {
			few := slices.DeleteFunc(samples(t), func(doc *capability.Document) bool { return doc.Merchant == everything })
			cells, err := qa.Matrix(few, device.Profiles(), cart.order, nil, now)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "matrix-"+cart.name+".txt", written(t, "table", cells))
		})
	}
}

// everything is the sample merchant that a new method is added to. It has a golden
// matrix of its own, so that those of the others stay as they are.
const everything = "everything"

func TestEveryMethod(t *testing.T) {
	t.Parallel()
	doc := sample(t, everything)
	if len(doc.Methods) != len(method.IDs()) {
		t.Errorf("%s has %d of %d methods", everything, len(doc.Methods), len(method.IDs()))
	}
	cells, err := qa.Matrix([]*capability.Document{doc}, device.Profiles(), anOrder, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "matrix-everything.txt", written(t, "table", cells))
}

// TestSamplesShowWhatTheyAreFor holds each sample merchant to its purpose.
func TestSamplesShowWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	stranger := anOrder
	stranger.Payer = "payer-2"
	card := anOrder
	card.Items = []pay.Item{{SKU: "CARD-100", Category: "prepaid-card"}}
	tests := []struct {
		name     string
		merchant string
		device   device.Profile
		order    capability.Order
		want     []string // per choice in display order: group, method, ladder or reasons
	}{
		{"demo-alipay-first", "demo", "safari-iphone", anOrder, []string{"primary alipay deep_link > page_qr", "primary wechat_pay deep_link > page_qr", "more unionpay redirect > page_qr", "more jd_pay redirect > page_qr"}},
		{"demo-in-wechat", "demo", "wechat-iphone", anOrder, []string{
			"primary wechat_pay jsapi > page_qr", "elsewhere jd_pay page_qr", "unavailable alipay blocked_in_container(wechat)", "unavailable unionpay blocked_in_container(wechat)",
		}},
		{"bench-shows-all", "bench", "chrome-windows", anOrder, []string{
			"primary wechat_pay qr > page_qr", "primary alipay qr > redirect > page_qr", "primary unionpay redirect > page_qr", "primary jd_pay redirect > page_qr",
		}},
		{"jd-order", "jd", "jd-android", anOrder, []string{
			"primary jd_pay redirect > page_qr", "primary wechat_pay deep_link > page_qr", "elsewhere unionpay page_qr", "unavailable alipay blocked_in_container(jd)",
		}},
		{"flagship-closed", "flagship", "tmall-iphone", anOrder, []string{"primary alipay deep_link > page_qr", "hidden wechat_pay method_closed"}},
		{"rollout-in", "rollout40", "taobao-android", anOrder, []string{"primary alipay deep_link > page_qr", "primary wechat_pay deep_link > page_qr"}},
		{"rollout-out", "rollout40", "taobao-android", stranger, []string{"primary alipay deep_link > page_qr", "hidden wechat_pay not_in_rollout"}},
		{"excluded-goods", "excluded", "taobao-android", card, []string{"primary alipay deep_link > page_qr", "hidden wechat_pay product_excluded(CARD-100)"}},
		{"host-too-old", "host1040", "taobao-iphone", anOrder, []string{"primary alipay deep_link > page_qr", "unavailable wechat_pay host_update_required(taobao 10.40)"}},
		{"host-new-enough", "host1040", "taobao-android", anOrder, []string{"primary alipay deep_link > page_qr", "primary wechat_pay deep_link > page_qr"}},
		{"not-yet", "scheduled", "safari-iphone", anOrder, []string{"primary alipay deep_link > page_qr", "unavailable wechat_pay not_yet_open(2026-12-31T16:00:00Z)"}},
		{"sole-trader-on-a-phone", "soletrader", "chrome-android", anOrder, []string{"elsewhere wechat_pay page_qr"}},
		{"sole-trader-in-wechat", "soletrader", "wechat-android", anOrder, []string{"primary wechat_pay jsapi > page_qr"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cells, err := qa.Matrix([]*capability.Document{sample(t, tt.merchant)}, []device.Profile{tt.device}, tt.order, nil, now)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, row := range rows(t, written(t, "csv", cells)) {
				got = append(got, strings.Join([]string{row[3], row[2], row[5] + row[6]}, " "))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("choices (-want +got):\n%s", diff)
			}
		})
	}
}

// rows reads CSV without its header.
func rows(t *testing.T, text string) [][]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[1:]
}

// TestEveryReasonIsInTheMatrix: the samples and carts show all reasons that
// data can cause. The others need a program that is older than its data, or a
// merchant that no sample is.
func TestEveryReasonIsInTheMatrix(t *testing.T) {
	t.Parallel()
	missing := map[capability.ReasonCode]string{
		capability.ReasonNoRailOnDevice: "every method of the table has a rail on every device",
		capability.ReasonNoAccount:      "documents say nothing of accounts",
		capability.ReasonRailNotGranted: "our own page is a way out wherever the samples lack a grant",
		capability.ReasonHiddenByShop:   "it is up to the shop's page",
	}
	files, err := filepath.Glob("testdata/matrix-*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	for _, code := range capability.ReasonCodes() {
		if why, found := missing[code], strings.Contains(all.String(), string(code)); found == (why != "") {
			t.Errorf("%s: in the golden matrices %t, listed as missing because %q", code, found, why)
		}
	}
}

func TestMatrixUnknownDevice(t *testing.T) {
	t.Parallel()
	_, err := qa.Matrix(samples(t), []device.Profile{"nokia-3310"}, anOrder, nil, now)
	if pay.CodeOf(err) != pay.CodeInvalid || !strings.Contains(err.Error(), "nokia-3310") {
		t.Errorf("got %v, want invalid_request that names the device", err)
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	cells, err := qa.Matrix([]*capability.Document{sample(t, "demo"), sample(t, "scheduled")}, []device.Profile{"wechat-iphone", "chrome-linux"}, anOrder, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range qa.Formats() {
		t.Run(string(f), func(t *testing.T) {
			golden(t, "format."+string(f), written(t, f, cells))
		})
	}
	t.Run("json-is-json", func(t *testing.T) {
		var back []qa.Cell
		if err := json.Unmarshal([]byte(written(t, "json", cells)), &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(cells, back); diff != "" {
			t.Errorf("cells (-written +read):\n%s", diff)
		}
	})
	t.Run("json-of-nothing", func(t *testing.T) {
		var back []qa.Cell
		if err := json.Unmarshal([]byte(written(t, "json", nil)), &back); err != nil || len(back) != 0 {
			t.Errorf("got %v, %v", back, err)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		if err := qa.Write(&bytes.Buffer{}, "yaml", cells); pay.CodeOf(err) != pay.CodeInvalid {
			t.Errorf("got %v, want invalid_request", err)
		}
	})
}

func TestOnly(t *testing.T) {
	t.Parallel()
	document := sample(t, "bench")
	cells, err := qa.Matrix([]*capability.Document{document}, []device.Profile{"chrome-linux"}, anOrder, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	if got := qa.Only(cells); len(got) != len(document.Methods) {
		t.Errorf("no filter keeps %d of %d", len(got), len(document.Methods))
	}
	got := qa.Only(cells, "alipay", "jd_pay")
	if methods := []pay.Method{got[0].Method, got[1].Method}; len(got) != 2 || !slices.Equal(methods, []pay.Method{"alipay", "jd_pay"}) {
		t.Errorf("got %v", got)
	}
	if len(cells) != len(document.Methods) {
		t.Error("the filter changed its input")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		golden, actual string
		want           []string
	}{
		{"same", "a 1\nb 2\n", "a 1\nb 2\n", nil},
		{"wider-columns", "a  1\nb  2\n", "a     1\nb     2\n\n", nil},
		{"last-of-a-list", "[\n{1},\n{2}\n]\n", "[\n{1},\n{2},\n{3}\n]\n", []string{"+ {3}"}},
		{"changed", "a 1\nb 2\nc 3\n", "a 1\nb 9\nc 3\n", []string{"- b 2", "+ b 9"}},
		{"gone", "a 1\nb 2\nc 3\n", "a 1\nc 3\n", []string{"- b 2"}},
		{"new", "a 1\nc 3\n", "a 1\nb 2\nc 3\n", []string{"+ b 2"}},
		{"gone-at-the-end", "a 1\nb 2\n", "a 1\n", []string{"- b 2"}},
		{"other-order", "a 1\nb 2\n", "b 2\na 1\n", []string{"- a 1", "+ a 1"}},
		{"nothing-left", "a 1\n", "", []string{"- a 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, qa.Check(tt.golden, tt.actual)); diff != "" {
				t.Errorf("difference (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("a 1\nb 2\n", "b 2\na 1\n")
	f.Add("a\na\nb", "a\nb\nb")
	f.Fuzz(func(t *testing.T, a, b string) {
		if diff := qa.Check(a, a); len(diff) > 0 {
			t.Errorf("a text differs from itself: %q", diff)
		}
		there, back := qa.Check(a, b), qa.Check(b, a)
		if (len(there) == 0) != (len(back) == 0) {
			t.Errorf("differs one way only: %q, %q", there, back)
		}
	})
}

func TestExplain(t *testing.T) {
	t.Parallel()
	stranger := anOrder
	stranger.Payer = "payer-2"
	restricted := func(t *testing.T) *capability.Document {
		doc := *sample(t, "demo")
		doc.Methods = slices.Clone(doc.Methods)
		doc.Methods[1] = capability.Method{
			Method: "wechat_pay", State: capability.StateRollout, Currencies: []string{"HKD"},
			Regions:        []string{"HK"},
			Products:       &capability.Products{Allowed: &capability.Goods{Categories: []string{"books"}}},
			HostMinVersion: map[string]string{"alipay": "99.0"},
			Rollout:        &capability.Rollout{Percent: 0.01, Batch: "b2"},
			Schedule:       &capability.Schedule{Until: now},
		}
		return &doc
	}
	forFriends := func(t *testing.T) *capability.Document {
		doc := *sample(t, "rollout40")
		doc.FriendPay = true
		return &doc
	}
	tests := []struct {
		name   string
		doc    func(*testing.T) *capability.Document
		method pay.Method
		device device.Profile
		order  capability.Order
	}{
		{"offered", func(t *testing.T) *capability.Document { return sample(t, "host1040") }, "wechat_pay", "taobao-android", anOrder},
		{"disabled", func(t *testing.T) *capability.Document { return sample(t, "host1040") }, "wechat_pay", "taobao-iphone", anOrder},
		{"hidden", func(t *testing.T) *capability.Document { return sample(t, "rollout40") }, "wechat_pay", "taobao-iphone", stranger},
		{"scheduled", func(t *testing.T) *capability.Document { return sample(t, "scheduled") }, "wechat_pay", "wechat-iphone", anOrder},
		{"closed", func(t *testing.T) *capability.Document { return sample(t, "flagship") }, "wechat_pay", "wechat-iphone", anOrder},
		{"friend", func(t *testing.T) *capability.Document { return sample(t, "friend") }, "wechat_pay", "wechat-iphone", anOrder},
		{"friend-not-in-rollout", forFriends, "wechat_pay", "taobao-android", anOrder},
		{"everything-wrong", restricted, "wechat_pay", "alipay-iphone", anOrder},
		{"learnt", func(t *testing.T) *capability.Document { return sample(t, "soletrader") }, "wechat_pay", "chrome-linux", anOrder},
		{"learnt-all", func(t *testing.T) *capability.Document { return sample(t, "soletrader") }, "wechat_pay", "chrome-linux", anOrder},
	}
	learnt := map[string][]qa.Learnt{
		"learnt":     {refused("soletrader", pay.RailQR), refused("demo", pay.RailJSAPI)},
		"learnt-all": {refused("soletrader", pay.RailJSAPI), refused("soletrader", pay.RailQR)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dev, _ := device.Of(tt.device)
			lines, err := qa.Explain(tt.doc(t), tt.method, tt.order, dev, learnt[tt.name], now)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "explain-"+tt.name+".txt", strings.Join(lines, "\n")+"\n")
		})
	}
	t.Run("unknown-method", func(t *testing.T) {
		if _, err := qa.Explain(sample(t, "demo"), "cash", anOrder, device.Device{}, nil, now); pay.CodeOf(err) != pay.CodeNotFound {
			t.Errorf("got %v, want not_found", err)
		}
	})
}

// refused returns what was learnt of a rail of WeChat Pay an hour ago.
func refused(merchant string, r pay.Rail) qa.Learnt {
	return qa.Learnt{Merchant: merchant, Method: "wechat_pay", Rail: r, Code: "NO_AUTH", At: now.Add(-time.Hour), Until: now.Add(23 * time.Hour)}
}

// What was learnt stands beside the reasons, of the rails that matter on the device.
func TestMatrixTellsWhatWasLearnt(t *testing.T) {
	t.Parallel()
	const told = "rail_not_granted(qr, learnt 2026-11-23T03:00:00Z)"
	for name, c := range map[string]struct {
		device device.Profile
		learnt []qa.Learnt
		ladder string
		text   string
	}{
		"a-rail":           {"chrome-linux", []qa.Learnt{refused("soletrader", pay.RailQR)}, "page_qr", told},
		"all-rails":        {"chrome-linux", []qa.Learnt{refused("soletrader", pay.RailQR), refused("soletrader", pay.RailJSAPI)}, "", "rail_not_granted, " + told},
		"elsewhere":        {"wechat-iphone", []qa.Learnt{refused("soletrader", pay.RailQR)}, "jsapi > page_qr", ""},
		"another-merchant": {"chrome-linux", []qa.Learnt{refused("demo", pay.RailQR)}, "qr > page_qr", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cells, err := qa.Matrix([]*capability.Document{sample(t, "soletrader")}, []device.Profile{c.device}, anOrder, c.learnt, now)
			if err != nil {
				t.Fatal(err)
			}
			row := rows(t, written(t, "csv", qa.Only(cells, "wechat_pay")))[0]
			if got := row[5:]; got[0] != c.ladder || got[1] != c.text {
				t.Errorf("the matrix says %q", got)
			}
		})
	}
}

// TestExplainHasEverySentence: no check goes without one.
func TestExplainHasEverySentence(t *testing.T) {
	t.Parallel()
	dev, _ := device.Of("chrome-linux")
	lines, err := qa.Explain(sample(t, "demo"), "wechat_pay", anOrder, dev, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	var codes []capability.ReasonCode
	for _, line := range lines {
		if words := strings.Fields(line); words[0] == "pass" {
			codes = append(codes, capability.ReasonCode(words[1]))
		}
	}
	if diff := cmp.Diff(capability.ReasonCodes(), codes); diff != "" {
		t.Errorf("steps (-reason codes +sentences):\n%s", diff)
	}
}
