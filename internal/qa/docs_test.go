package qa_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/method"
)

// TestDocs holds the tables of docs/capabilities.md to those of the program.
func TestDocs(t *testing.T) {
	t.Parallel()
	const file = "../../docs/capabilities.md"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := string(data)
	for name, table := range map[string]string{"reasons": reasonsTable(), "ladders": laddersTable(t), "devices": devicesTable(t)} {
		begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
		before, rest, ok := strings.Cut(want, begin)
		_, after, ended := strings.Cut(rest, end)
		if !ok || !ended {
			t.Fatalf("%s has no marks for %s", file, name)
		}
		want = before + begin + table + end + after
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(data), want); diff != "" {
		t.Errorf("%s is out of date (-file +program), run with -update:\n%s", file, diff)
	}
}

func row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

func reasonsTable() string {
	s := row("code", "payer sees") + "|---|---|\n"
	for _, code := range capability.ReasonCodes() {
		sees := "nothing"
		if code.Shown() {
			sees = "a disabled row"
		}
		s += row("`"+string(code)+"`", sees)
	}
	return s
}

// columns are sample devices for the kinds of place that ladders tell apart.
var columns = []struct {
	title   string
	profile device.Profile
}{
	{"desktop", "chrome-windows"},
	{"mobile browser", "safari-iphone"},
	{"WeChat", "wechat-iphone"},
	{"WeCom", "wecom-iphone"},
	{"Alipay", "alipay-iphone"},
	{"Taobao and kin", "taobao-iphone"},
	{"JD", "jd-iphone"},
	{"UnionPay", "unionpay-iphone"},
	{"other app", "webview-iphone"},
	{"mini program", "wechat-mini-program-iphone"},
}

func laddersTable(t *testing.T) string {
	head := []string{"on"}
	for _, m := range method.All() {
		head = append(head, "`"+string(m.ID)+"`")
	}
	s := row(head...) + strings.Repeat("|---", len(head)) + "|\n"
	for _, c := range columns {
		dev, ok := device.Of(c.profile)
		if !ok {
			t.Fatalf("no sample of %s", c.profile)
		}
		cells := []string{c.title}
		for _, m := range method.All() {
			cells = append(cells, ladderCell(m, dev))
		}
		s += row(cells...)
	}
	return s
}

func ladderCell(m *method.Method, dev device.Device) string {
	if m.BlockedBy(dev) {
		return "*blocked*"
	}
	var rails []string
	for _, r := range m.Ladder(dev) {
		rails = append(rails, string(r))
	}
	return strings.Join(rails, ", ")
}

func devicesTable(t *testing.T) string {
	s := row("device", "container", "form", "host") + "|---|---|---|---|\n"
	for _, p := range device.Profiles() {
		d, ok := device.Of(p)
		if !ok {
			t.Fatalf("no sample of %s", p)
		}
		s += row("`"+string(p)+"`", string(d.Container), string(d.Form), strings.TrimSpace(fmt.Sprint(d.Host, " ", d.HostVersion)))
	}
	return s
}
