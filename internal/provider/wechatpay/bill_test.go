package wechatpay_test

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
)

const billHeader = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类," +
	"应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"

const billPayment = "`2026-11-22 23:59:59,`" + appID + ",`" + mchID + ",`0,`,`4200000001,`" + number + ",`oUpF8u,`NATIVE,`SUCCESS,`OTHERS,`CNY," +
	"`59.80,`0.00,`0,`0,`0.00,`0.00,`,`,`Tea\\ cup,`at_1,`0.36000,`0.60%,`59.80,`0.00,`"

const billRefund = "`2026-11-22 12:00:00,`" + appID + ",`" + mchID + ",`0,`,`4200000001,`" + number + ",`oUpF8u,`NATIVE,`REFUND,`OTHERS,`CNY," +
	"`0.00,`0.00,`50000001,`RF1,`10.00,`0.00,`ORIGINAL,`SUCCESS,`Tea\\ cup,`at_1,`-0.06000,`0.60%,`0.00,`10.05,`"

const billSummary = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n`1,`59.80,`10.00,`0.00,`0.30000,`59.80,`10.05\r\n"

func billText(lines ...string) string {
	return "\ufeff" + billHeader + "\r\n" + strings.Join(append(lines, billSummary), "\r\n")
}

// billWire announces a bill and serves it, with some of either changed.
func billWire(tb testing.TB, text string, change map[string]any) *providertest.Wire {
	sum := sha1.Sum([]byte(text))
	link := map[string]any{
		"hash_type": "SHA1", "hash_value": hex.EncodeToString(sum[:]),
		"download_url": "https://api.mch.weixin.qq.com/v3/billdownload/file?token=abc_D-1",
	}
	for k, v := range change {
		link[k] = v
	}
	return newWire(tb, func(r *http.Request, _ string) answer {
		if r.URL.Path == "/v3/bill/tradebill" {
			return answer{status: 200, body: providertest.JSON(tb, link)}
		}
		return answer{status: 200, body: text, sign: func(h http.Header) { clear(h) }}
	})
}

func bill(t *testing.T, w *providertest.Wire) ([]provider.BillLine, error) {
	t.Helper()
	return open(t, w.URL, nil).(provider.Biller).Bill(t.Context(), time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC).Add(-8*time.Hour))
}

func TestBill(t *testing.T) {
	t.Parallel()
	w := billWire(t, billText(billPayment, billRefund), nil)
	lines, err := bill(t, w)
	if err != nil {
		t.Fatal(err)
	}
	china := time.FixedZone("UTC+8", 8*60*60)
	want := []provider.BillLine{
		{OutTradeNo: number, Amount: pay.Money{Currency: "CNY", Value: 5980}, Reference: "4200000001", At: time.Date(2026, 11, 22, 23, 59, 59, 0, china)},
		{OutTradeNo: number, RefundNumber: "RF1", Amount: pay.Money{Currency: "CNY", Value: 1005}, Reference: "50000001", At: time.Date(2026, 11, 22, 12, 0, 0, 0, china)},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if want := "GET api.mch.weixin.qq.com/v3/bill/tradebill?bill_date=2026-11-22&bill_type=ALL"; w.Sent()[0].Path != want {
		t.Errorf("asked %s, want %s", w.Sent()[0].Path, want)
	}
}

// A bill is longer than an answer may be.
func TestBillOfABusyDay(t *testing.T) {
	t.Parallel()
	rows := make([]string, 3000)
	for i := range rows {
		rows[i] = billPayment
	}
	lines, err := bill(t, billWire(t, billText(rows...), nil))
	if err != nil || len(lines) != len(rows) {
		t.Errorf("got %d lines, %v", len(lines), err)
	}
}

func TestBillBroken(t *testing.T) {
	t.Parallel()
	good := billText(billPayment)
	for name, c := range map[string]struct {
		text   string
		change map[string]any
	}{
		"other-hash":     {good, map[string]any{"hash_value": strings.Repeat("0", 40)}},
		"no-hash":        {good, map[string]any{"hash_value": ""}},
		"other-digest":   {good, map[string]any{"hash_type": "MD5"}},
		"foreign-host":   {good, map[string]any{"download_url": "https://evil.example/canary"}},
		"local-host":     {good, map[string]any{"download_url": "http://169.254.169.254/canary"}},
		"no-summary":     {"\ufeff" + billHeader + "\r\n" + billPayment + "\r\n", nil},
		"no-header":      {billPayment + "\r\n" + billSummary, nil},
		"empty":          {"", nil},
		"too-few-values": {billText(strings.TrimSuffix(billPayment, ",`")), nil},
		"no-backtick":    {billText(strings.ReplaceAll(billPayment, "`", "")), nil},
		"other-merchant": {billText(strings.ReplaceAll(billPayment, mchID, "1900000002")), nil},
		"unknown-state":  {billText(strings.ReplaceAll(billPayment, "SUCCESS", "REVOKED")), nil},
		"three-decimals": {billText(strings.ReplaceAll(billPayment, "59.80", "59.801")), nil},
		"exponent":       {billText(strings.ReplaceAll(billPayment, "59.80", "5e3")), nil},
		"negative":       {billText(strings.ReplaceAll(billPayment, "59.80", "-59.80")), nil},
		"odd-time":       {billText(strings.ReplaceAll(billPayment, "2026-11-22 ", "2026/11/22 ")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			lines, err := bill(t, billWire(t, c.text, c.change))
			if lines != nil {
				t.Errorf("got %v", lines)
			}
			providertest.Undecided(t, err, secrets...)
		})
	}
}

func TestBillNotThere(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.FixedZone("UTC+8", 8*60*60))
	for name, c := range map[string]struct {
		code     string
		day      time.Time
		notReady bool
	}{
		"being-written": {"STATEMENT_CREATING", day, true},
		"none-for-now":  {"NO_STATEMENT_EXIST", day.AddDate(0, 0, 1), true},
		"none-ever":     {"NO_STATEMENT_EXIST", day, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, always(answer{status: 400, body: `{"code":"` + c.code + `"}`}))
			lines, err := open(t, w.URL, nil).(provider.Biller).Bill(t.Context(), c.day)
			if errors.Is(err, provider.ErrNotReady) != c.notReady || !c.notReady && err != nil || len(lines) != 0 {
				t.Errorf("got %v, %v", lines, err)
			}
		})
	}
}

// Whatever the file holds: an error, or lines whose amounts can't be negative.
func FuzzBill(f *testing.F) {
	f.Add(billText(billPayment, billRefund))
	f.Add(billText())
	f.Add("\ufeff")
	f.Add(billHeader + "\n`\n" + billSummary)
	var text string
	p := open(f, newWire(f, func(r *http.Request, _ string) answer {
		if r.URL.Path != "/v3/bill/tradebill" {
			return answer{status: 200, body: text, sign: func(h http.Header) { clear(h) }}
		}
		sum := sha1.Sum([]byte(text))
		return answer{status: 200, body: `{"hash_type":"SHA1","hash_value":"` + hex.EncodeToString(sum[:]) +
			`","download_url":"https://api.mch.weixin.qq.com/v3/billdownload/file?token=a"}`}
	}).URL, nil).(provider.Biller)
	f.Fuzz(func(t *testing.T, file string) {
		text = file
		lines, err := p.Bill(t.Context(), now.AddDate(0, 0, -1))
		if err != nil && lines != nil {
			t.Fatal("lines and an error")
		}
		for _, line := range lines {
			if line.Amount.Value < 0 || line.At.IsZero() {
				t.Fatalf("got %+v", line)
			}
		}
	})
}
