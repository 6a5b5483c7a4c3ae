package admin

import (
	"fmt"
	"strings"
	"testing"
)

// Whoever paid is not shown, in whatever form their provider names them.
func TestMask(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ statement, want string }{
		"wechat": {
			`{"transaction_id":"420001","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},"amount":{"total":5980,"payer_total":5980,"payer_currency":"CNY"},"promotion_detail":[{"name":"a coupon","amount":1}]}`,
			"amount.payer_currency=CNY amount.payer_total=5980 amount.total=5980 payer.openid=oU…6o promotion_detail[0].amount=1 promotion_detail[0].name=… transaction_id=420001",
		},
		"alipay-json": {
			`{"trade_no":"2026","buyer_logon_id":"159****1234","buyer_user_id":"2088101117955611","buyer_pay_amount":"59.80","large":12345678901234567890}`,
			"buyer_logon_id=… buyer_pay_amount=59.80 buyer_user_id=20…11 large=12345678901234567890 trade_no=2026",
		},
		"form":       {"trade_no=2026&buyer_open_id=074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5&total_amount=59.80", "buyer_open_id=07…o5 total_amount=59.80 trade_no=2026"},
		"client":     {`{"payer_client_ip":"203.0.113.9","scene":{"device_ip":"203.0.113.9"}}`, "payer_client_ip=… scene.device_ip=…"},
		"in-lists":   {`{"payer":["a","b"],"none":null}`, "payer[0]=… payer[1]=…"},
		"digest":     {"sha256:abcdef", ""},
		"not-a-form": {"<xml>openid</xml>", ""},
		"empty":      {"", ""},
	} {
		var got []string
		for _, f := range factsOf([]byte(c.statement)) {
			got = append(got, fmt.Sprintf("%s=%s", f.Name, f.Value))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s is\n%s\nwant\n%s", name, strings.Join(got, " "), c.want)
		}
	}
}

func TestParseMoney(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"59.80": 5980, "59.8": 5980, "59": 5900, "0.01": 1, "0": 0, "0.00": 0, "": 0, "1.234": 0, "-1": 0, "+1": 0, "1.-2": 0, "1.": 0, ".5": 0, "1,000": 0, "1e3": 0, "99999999999999999999": 0} {
		if got, err := parseMoney(text, "CNY"); got.Value != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %+v, %v, want %d", text, got, err, want)
		}
	}
}
