package wechatpay_test

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
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

const billSummary = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n`%d,`59.80,`10.00,`0.00,`0.30000,`59.80,`10.05\r\n"

func billText(rows ...string) string {
	return "\ufeff" + billHeader + "\r\n" + strings.Join(append(rows, fmt.Sprintf(billSummary, len(rows))), "\r\n")
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

func bill(t *testing.T, w *providertest.Wire) (provider.Bill, error) {
	t.Helper()
	return open(t, w.URL, nil).(provider.Biller).Bill(t.Context(), time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC).Add(-8*time.Hour))
}

// What the good rows say.
var (
	beijing  = time.FixedZone("UTC+8", 8*60*60)
	linePaid = provider.BillLine{
		OutTradeNo: number, Amount: pay.Money{Currency: "CNY", Value: 5980}, Reference: "4200000001", At: time.Date(2026, 11, 22, 23, 59, 59, 0, beijing),
	}
	lineRefunded = provider.BillLine{
		OutTradeNo: number, RefundNumber: "RF1", Status: pay.RefundSucceeded,
		Amount: pay.Money{Currency: "CNY", Value: 1005}, Reference: "50000001", At: time.Date(2026, 11, 22, 12, 0, 0, 0, beijing),
	}
)

func TestBill(t *testing.T) {
	t.Parallel()
	w := billWire(t, billText(billPayment, billRefund), nil)
	got, err := bill(t, w)
	if err != nil {
		t.Fatal(err)
	}
	want := provider.Bill{Lines: []provider.BillLine{linePaid, lineRefunded}, Fees: &pay.Money{Currency: "CNY", Value: 30}}
	if diff := cmp.Diff(want, got); diff != "" {
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
	got, err := bill(t, billWire(t, billText(rows...), nil))
	if err != nil || len(got.Lines) != len(rows) || len(got.Problems) > 0 {
		t.Errorf("got %d lines, %v, %v", len(got.Lines), got.Problems, err)
	}
}

func TestBillBroken(t *testing.T) {
	t.Parallel()
	good := billText(billPayment)
	for name, c := range map[string]struct {
		text   string
		change map[string]any
	}{
		"other-hash":   {good, map[string]any{"hash_value": strings.Repeat("0", 40)}},
		"no-hash":      {good, map[string]any{"hash_value": ""}},
		"other-digest": {good, map[string]any{"hash_type": "MD5"}},
		"foreign-host": {good, map[string]any{"download_url": "https://evil.example/canary"}},
		"local-host":   {good, map[string]any{"download_url": "http://169.254.169.254/canary"}},
		"no-summary":   {"\ufeff" + billHeader + "\r\n" + billPayment + "\r\n", nil},
		"no-header":    {billPayment + "\r\n" + fmt.Sprintf(billSummary, 1), nil},
		"empty":        {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := bill(t, billWire(t, c.text, c.change))
			if len(got.Lines) > 0 {
				t.Errorf("got %v", got)
			}
			providertest.Undecided(t, err, secrets...)
		})
	}
}

// A row that can't be taken is named, and all others count.
func TestBillWithAnOddRow(t *testing.T) {
	t.Parallel()
	till := strings.ReplaceAll(billPayment, number, "TILL1")
	for name, c := range map[string]struct{ row, about, why string }{
		"reversed-at-the-till": {strings.ReplaceAll(till, "SUCCESS", "REVOKED"), "TILL1", "its state REVOKED is unknown"},
		"refund-state":         {strings.ReplaceAll(billRefund, "SUCCESS", "SETTLING"), number, "the state SETTLING of its refund is unknown"},
		"other-merchant":       {strings.ReplaceAll(till, mchID, "1900000002"), "TILL1", "it is about another merchant"},
		"too-few-values":       {"`2026-11-22 12:00:00,`" + appID, "", "it has 2 values, want 27"},
		"no-backtick":          {strings.ReplaceAll(till, "`", ""), "", "it has 1 values, want 27"},
		"three-decimals":       {strings.ReplaceAll(till, "59.80", "59.801"), "TILL1", "59.801 is not an amount in yuan"},
		"exponent":             {strings.ReplaceAll(till, "59.80", "5e3"), "TILL1", "5e3 is not an amount in yuan"},
		"negative":             {strings.ReplaceAll(till, "59.80", "-59.80"), "TILL1", "-59.80 is not an amount in yuan"},
		"odd-time":             {strings.ReplaceAll(till, "2026-11-22 ", "2026/11/22 "), "TILL1", "its time can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := bill(t, billWire(t, billText(c.row, billPayment, billRefund), nil))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]provider.BillLine{linePaid, lineRefunded}, got.Lines); diff != "" {
				t.Error(diff)
			}
			if want := []provider.BillProblem{{Row: 2, OutTradeNo: c.about, Why: c.why}}; !slices.Equal(got.Problems, want) {
				t.Errorf("got %+v, want %+v", got.Problems, want)
			}
		})
	}
}

// The merchant's own words can't make a row unreadable, nor move its amounts.
func TestBillWithHardWords(t *testing.T) {
	t.Parallel()
	for name, words := range map[string]string{
		"comma": "Tea, cup", "comma-backtick": "Tea,`cup", "columns": "Tea,`SUCCESS,`0.01,`0.01", "line-break": "Tea\ncup",
		"line-breaks": "\r\nTea\r\n\r\ncup\r\n", "backtick": "`Tea`", "summary": "Tea 总交易单数",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := bill(t, billWire(t, billText(strings.ReplaceAll(billPayment, `Tea\ cup`, words), billRefund), nil))
			if diff := cmp.Diff([]provider.BillLine{linePaid, lineRefunded}, got.Lines); err != nil || diff != "" || len(got.Problems) > 0 {
				t.Errorf("%v, %v, %s", err, got.Problems, diff)
			}
		})
	}
}

func TestBillOfFewerRowsThanAnnounced(t *testing.T) {
	t.Parallel()
	got, err := bill(t, billWire(t, strings.ReplaceAll(billText(billPayment, billRefund), billRefund+"\r\n", ""), nil))
	want := []provider.BillProblem{{Row: 3, Why: "the bill announces 2 rows and has 1"}}
	if err != nil || !slices.Equal(got.Problems, want) || len(got.Lines) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A refund is told as it was when the bill was written.
func TestBilledRefunds(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]pay.Refund{
		"SUCCESS": {Status: pay.RefundSucceeded}, "PROCESSING": {Status: pay.RefundPending},
		"CHANGE": {Status: pay.RefundPending, Failure: pay.FailurePayerAccount}, "ABNORMAL": {Status: pay.RefundPending, Failure: pay.FailurePayerAccount},
		"FAIL": {Status: pay.RefundFailed, Failure: pay.FailureClosed}, "CLOSED": {Status: pay.RefundFailed, Failure: pay.FailureClosed},
	} {
		t.Run(state, func(t *testing.T) {
			got, err := bill(t, billWire(t, billText(strings.ReplaceAll(billRefund, "SUCCESS", state)), nil))
			if err != nil || len(got.Lines) != 1 || got.Lines[0].Status != want.Status || got.Lines[0].Failure != want.Failure {
				t.Errorf("got %+v, %v", got, err)
			}
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
			got, err := open(t, w.URL, nil).(provider.Biller).Bill(t.Context(), c.day)
			if errors.Is(err, provider.ErrNotReady) != c.notReady || !c.notReady && err != nil || len(got.Lines) != 0 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// Whatever the file holds: an error, or lines whose amounts can't be negative.
func FuzzBill(f *testing.F) {
	f.Add(billText(billPayment, billRefund))
	f.Add(billText())
	f.Add("\ufeff")
	f.Add(billHeader + "\n`\n" + fmt.Sprintf(billSummary, 1))
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
		got, err := p.Bill(t.Context(), now.AddDate(0, 0, -1))
		if err != nil && got.Lines != nil {
			t.Fatal("lines and an error")
		}
		for _, line := range got.Lines {
			if line.Amount.Value < 0 || line.At.IsZero() {
				t.Fatalf("got %+v", line)
			}
		}
	})
}
