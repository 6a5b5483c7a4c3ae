package providersim_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"morepay/internal/providersim"
)

func TestBill(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.approve(providersim.Ming, fx.order("bill-1"))
	fx.merchant.next(t)
	if _, err := fx.refund("bill-1", "R1", 80); err != nil {
		t.Fatal(err)
	}
	today := time.Now().In(time.FixedZone("CST", 8*3600))
	path := "/v3/bill/tradebill?bill_date=" + today.Format(time.DateOnly)
	if a := fx.send(newCall("GET", path, "")); a.Code != "STATEMENT_CREATING" {
		t.Errorf("on the same day: %d %s", a.status, a.Code)
	}
	fx.sim.Advance(35 * time.Hour)
	for kind, rows := range map[string]int{"": 2, "ALL": 2, "SUCCESS": 1, "REFUND": 1} {
		a := fx.send(newCall("GET", path+"&bill_type="+kind, ""))
		if a.status != 200 {
			t.Fatalf("%s: %s", kind, a.body)
		}
		var link struct {
			URL  string `json:"download_url"`
			Hash string `json:"hash_value"`
		}
		if err := json.Unmarshal([]byte(a.body), &link); err != nil {
			t.Fatal(err)
		}
		file := fx.send(newCall("GET", strings.TrimPrefix(link.URL, fx.server.URL), ""))
		lines := strings.Split(strings.TrimSpace(file.body), "\r\n")
		if len(lines) != rows+3 || file.header.Get("Wechatpay-Signature") != "" {
			t.Errorf("%q: %d lines\n%s", kind, len(lines), file.body)
		}
		if !strings.HasPrefix(lines[len(lines)-1], "`"+strconv.Itoa(rows)+",`") {
			t.Errorf("the sum is %s", lines[len(lines)-1])
		}
	}
	for query, code := range map[string]string{
		"bill_date=2026-13-01":                              "PARAM_ERROR",
		"bill_date=2020-01-01":                              "NO_STATEMENT_EXIST",
		path[len("/v3/bill/tradebill?"):] + "&bill_type=X":  "PARAM_ERROR",
		path[len("/v3/bill/tradebill?"):] + "&tar_type=ZIP": "PARAM_ERROR",
	} {
		if a := fx.send(newCall("GET", "/v3/bill/tradebill?"+query, "")); a.Code != code {
			t.Errorf("%s: %d %s", query, a.status, a.Code)
		}
	}
}
