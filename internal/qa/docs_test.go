package qa_test

import (
	"fmt"
	"strings"
	"testing"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/marked"
	"morepay/internal/method"
)

// TestDocs holds the tables of docs/capabilities.md to those of the program.
func TestDocs(t *testing.T) {
	t.Parallel()
	marked.Hold(t, "../../docs/capabilities.md", map[string]string{"reasons": reasonsTable(), "ladders": laddersTable(t), "devices": devicesTable(t)}, *update)
}

func reasonsTable() string {
	s := marked.Row("code", "payer sees") + "|---|---|\n"
	for _, code := range capability.ReasonCodes() {
		sees := "nothing"
		if code.Shown() {
			sees = "a disabled row"
		}
		s += marked.Row("`"+string(code)+"`", sees)
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
	s := marked.Row(head...) + strings.Repeat("|---", len(head)) + "|\n"
	for _, c := range columns {
		dev, ok := device.Of(c.profile)
		if !ok {
			t.Fatalf("no sample of %s", c.profile)
		}
		cells := []string{c.title}
		for _, m := range method.All() {
			cells = append(cells, ladderCell(m, dev))
		}
		s += marked.Row(cells...)
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
	s := marked.Row("device", "container", "form", "host") + "|---|---|---|---|\n"
	for _, p := range device.Profiles() {
		d, ok := device.Of(p)
		if !ok {
			t.Fatalf("no sample of %s", p)
		}
		s += marked.Row("`"+string(p)+"`", string(d.Container), string(d.Form), strings.TrimSpace(fmt.Sprint(d.Host, " ", d.HostVersion)))
	}
	return s
}
