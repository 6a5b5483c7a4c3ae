package scenario_test

import (
	"strings"
	"testing"

	"morepay/internal/capability"
	"morepay/internal/demo"
	"morepay/internal/pay"
	"morepay/internal/providersim"
	"morepay/internal/scenario"
)

// The table has each name once, and something of everything that can be made to happen.
func TestTableCovers(t *testing.T) {
	rows := scenario.Table()
	if len(rows) < 80 {
		t.Errorf("there are %d scenarios, want at least 80", len(rows))
	}
	seen := map[string]bool{}
	for _, row := range rows {
		if seen["name "+row.Name] {
			t.Errorf("two rows are named %s", row.Name)
		}
		seen["name "+row.Name], seen["via "+row.Via], seen["locale "+row.Locale] = true, true, true
		for _, f := range row.Faults {
			seen["fault "+f.Fault] = true
		}
		if row.Phone != nil {
			seen["opens "+row.Phone.Opens] = true
		}
		for _, step := range row.Steps {
			for word := range strings.FieldsSeq(step) {
				seen["word "+word] = true
			}
		}
	}
	for what, names := range wanted() {
		for _, name := range names {
			if !seen[what+" "+name] {
				t.Errorf("no scenario has %s %s", what, name)
			}
		}
	}
}

// elsewhere are reasons that no row names.
var elsewhere = map[capability.ReasonCode]bool{
	capability.ReasonNoRailOnDevice:      true, // the demo refuses to start with settings from which it follows
	capability.ReasonHiddenByShop:        true, // the page's address says so, not the decision: row hidden-by-shop
	capability.ReasonProviderUnavailable: true, // the breaker closes again after 15 s: TestBreaker of package account
}

// wanted is what the rows must have, by kind.
func wanted() map[string][]string {
	want := map[string][]string{"locale": {"en", "zh-CN"}}
	for _, f := range providersim.Faults() {
		want["fault"] = append(want["fault"], f.Name)
	}
	for _, m := range demo.Modes() {
		want["via"] = append(want["via"], m.Name)
	}
	for _, o := range []providersim.Opening{providersim.OpensNever, providersim.OpensAsked, providersim.OpensLate, providersim.OpensNot} {
		want["opens"] = append(want["opens"], string(o))
	}
	for _, r := range []pay.Rail{pay.RailJSAPI, pay.RailDeepLink, pay.RailRedirect, pay.RailQR, pay.RailPageQR} {
		want["word"] = append(want["word"], string(r))
	}
	for _, c := range capability.ReasonCodes() {
		if !elsewhere[c] {
			want["word"] = append(want["word"], string(c))
		}
	}
	for _, v := range scenario.Verbs() {
		want["word"] = append(want["word"], v.Name)
	}
	return want
}
