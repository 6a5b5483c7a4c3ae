package console

import (
	"os"
	"strings"
	"testing"

	"morepay/internal/device"
)

// Every sample's row is written as the table has it, and is found again from what a
// browser says.
func TestLine(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../device/samples.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range device.Profiles() {
		sample, _ := device.SampleOf(p)
		row := line(device.SampleFrom(sample.UserAgent, sample.Hints))
		if !strings.Contains(string(table), "\t"+row+"\n") {
			t.Errorf("%s: the table has no line %s", p, row)
		}
	}
}

// Hints stand in a row where they say more than the user agent, and text that ends a
// literal of Go doesn't.
func TestLineOfOthers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		agent string
		hints device.Hints
		want  string
	}{
		{"Mozilla/5.0 (iPhone) Safari/604.1", device.Hints{TouchPoints: 5}, "{App: \"safari\", System: \"iphone\", UserAgent: `Mozilla/5.0 (iPhone) Safari/604.1`},"},
		{"Mozilla/5.0 (iPhone) Safari/604.1", device.Hints{TouchPoints: 5, WeixinBridge: true}, "{App: \"wechat\", System: \"iphone\", UserAgent: `Mozilla/5.0 (iPhone) Safari/604.1`, Hints: Hints{TouchPoints: 5, WeixinBridge: true}},"},
		{"Mozilla/5.0 (iPhone) Safari/604.1", device.Hints{AlipayBridge: true}, "{App: \"alipay\", System: \"iphone\", UserAgent: `Mozilla/5.0 (iPhone) Safari/604.1`, Hints: Hints{AlipayBridge: true}},"},
		{"Mozilla/5.0 (iPhone) Safari/604.1", device.Hints{Environment: "miniprogram"}, "{App: \"wechat-mini-program\", System: \"iphone\", UserAgent: `Mozilla/5.0 (iPhone) Safari/604.1`, Hints: Hints{Environment: \"miniprogram\"}},"},
		{"`, Hints: evil(`", device.Hints{}, "{App: \"unknown\", System: \"other\", UserAgent: \"`, Hints: evil(`\"},"},
	} {
		if got := line(device.SampleFrom(test.agent, test.hints)); got != test.want {
			t.Errorf("%s with %+v:\n got %s\nwant %s", test.agent, test.hints, got, test.want)
		}
	}
}
