package alipay_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

const (
	billMethod = "alipay.data.dataservice.bill.downloadurl.query"
	billLink   = "http://dwbillcenter.alipay.com/downloadBillFile.resource?bizType=trade&fileId=%2Ftrade%2F1.csv.zip&token=abc"

	billComments = "#支付宝业务明细查询\r\n#账号：[" + sellerID + "0156]\r\n#起始日期：[2026年11月22日 00:00:00]   终止日期：[2026年11月23日 00:00:00]\r\n" +
		"#-----------------------------------------业务明细列表----------------------------------------\r\n"
	billColumns = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）," +
		"支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
	billPayment = tradeNo + "\t," + number + "\t,交易,Tea cup,2026-11-22 23:59:50,2026-11-22 23:59:59,,,,,buy***@example.com,59.80,59.80," +
		"0.00,0.00,0.00,0.00,0.00,,0.00,0.00,,-0.36,0.00,"
	billRefund = tradeNo + "\t," + number + "\t,退款,Tea cup,2026-11-22 11:00:00,2026-11-22 12:00:00,,,,,buy***@example.com,-10.05,-10.05," +
		"0.00,0.00,0.00,0.00,0.00,,0.00,0.00,RF1\t,0.06,0.00,"
	billEnd = "#-----------------------------------------业务明细列表结束------------------------------------\r\n" +
		"#交易合计：1笔，商家实收共59.80元，商家优惠共0.00元\r\n#退款合计：1笔，商家实收退款共-10.05元，商家优惠退款共0.00元\r\n#导出时间：[2026年11月23日 06:27:10]\r\n"
	billSums = "#支付宝业务汇总查询\r\n#账号：[" + sellerID + "0156]\r\n门店编号,门店名称,交易订单总笔数,退款订单总笔数\r\n合计,,1,1\r\n"
)

func billText(rows ...string) string {
	return billComments + strings.Join(append([]string{billColumns}, rows...), "\r\n") + "\r\n" + billEnd
}

// archive makes a zip of texts in GBK.
func archive(tb testing.TB, texts ...string) string {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i, text := range texts {
		w, err := z.Create(strings.Repeat("1", i+1) + ".csv")
		if err != nil {
			tb.Fatal(err)
		}
		raw, err := encoding.ReplaceUnsupported(simplifiedchinese.GBK.NewEncoder()).String(text)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write([]byte(raw)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// billWire names a bill's link and serves what is behind it.
func billWire(tb testing.TB, link answer, file providertest.Reply) *providertest.Wire {
	return providertest.NewWire(tb, func(r *http.Request, _ string) providertest.Reply {
		if r.Method == http.MethodPost {
			return link.reply(billMethod)
		}
		return file
	})
}

func linkTo(link string) answer { return ok(map[string]any{"bill_download_url": link}) }

func served(file string) providertest.Reply { return providertest.Reply{Status: 200, Body: file} }

func billAt(tb testing.TB, w *providertest.Wire) (provider.Bill, error) {
	tb.Helper()
	return open(tb, w.URL).(provider.Biller).Bill(tb.Context(), time.Date(2026, 11, 22, 23, 0, 0, 0, beijing))
}

func readBill(tb testing.TB, texts ...string) (provider.Bill, error) {
	tb.Helper()
	return billAt(tb, billWire(tb, linkTo(billLink), served(archive(tb, texts...))))
}

// What the good rows say.
var (
	beijing  = time.FixedZone("UTC+8", 8*60*60)
	linePaid = provider.BillLine{
		OutTradeNo: number, Amount: pay.Money{Currency: "CNY", Value: 5980}, Reference: tradeNo, At: time.Date(2026, 11, 22, 23, 59, 59, 0, beijing),
	}
	lineRefunded = provider.BillLine{
		OutTradeNo: number, RefundNumber: "RF1", Status: pay.RefundSucceeded,
		Amount: pay.Money{Currency: "CNY", Value: 1005}, Reference: tradeNo, At: time.Date(2026, 11, 22, 12, 0, 0, 0, beijing),
	}
	goodLines = []provider.BillLine{linePaid, lineRefunded}
)

func TestBill(t *testing.T) {
	t.Parallel()
	w := billWire(t, linkTo(billLink), served(archive(t, billText(billPayment, billRefund), billSums)))
	got, err := billAt(t, w)
	if err != nil {
		t.Fatal(err)
	}
	want := provider.Bill{Lines: goodLines, Fees: &pay.Money{Currency: "CNY", Value: 30}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	sent := w.Sent()
	if content := forms(t, w)[0].Get("biz_content"); content != `{"bill_type":"trade","bill_date":"2026-11-22"}` {
		t.Errorf("asked for %s", content)
	}
	if want := "GET dwbillcenter.alipay.com" + strings.TrimPrefix(billLink, "http://dwbillcenter.alipay.com"); sent[1].Path != want {
		t.Errorf("downloaded %s, want %s", sent[1].Path, want)
	}
}

// A bill is longer than an answer may be, and may be in parts.
func TestBillOfABusyDay(t *testing.T) {
	t.Parallel()
	rows := slices.Repeat([]string{billPayment}, 3000)
	got, err := readBill(t, billText(rows...), billSums, billText(billRefund))
	if err != nil || len(got.Lines) != 3001 || len(got.Problems) > 0 {
		t.Errorf("got %d lines, %v, %v", len(got.Lines), got.Problems, err)
	}
}

func TestBillBroken(t *testing.T) {
	t.Parallel()
	good := archive(t, billText(billPayment))
	for name, c := range map[string]struct {
		link string
		file string
	}{
		"foreign-host":   {"https://evil.example/canary", good},
		"local-host":     {"http://169.254.169.254/canary", good},
		"not-a-zip":      {billLink, "<html>canary</html>"},
		"cut-short":      {billLink, good[:len(good)/2]},
		"empty":          {billLink, ""},
		"no-files":       {billLink, archive(t)},
		"many-files":     {billLink, archive(t, slices.Repeat([]string{billText(billPayment)}, 65)...)},
		"sums-alone":     {billLink, archive(t, billSums)},
		"no-columns":     {billLink, archive(t, billComments+billPayment+"\r\n"+billEnd)},
		"column-missing": {billLink, archive(t, strings.ReplaceAll(billText(billPayment), "完成时间", "时间"))},
		"no-end":         {billLink, archive(t, billComments+billColumns+"\r\n"+billPayment+"\r\n")},
		"other-merchant": {billLink, archive(t, strings.ReplaceAll(billText(billPayment), sellerID, "2088000000000002"))},
		"no-merchant":    {billLink, archive(t, billColumns+"\r\n"+billPayment+"\r\n"+billEnd)},
		"long-line":      {billLink, archive(t, billText(strings.Replace(billPayment, "Tea cup", strings.Repeat("a", 70<<10), 1)))},
		"many-lines":     {billLink, archive(t, billText(strings.Repeat("\n", 1<<20+1)))},
		"bomb":           {billLink, archive(t, billText(strings.Repeat(strings.Repeat("a", 1<<10)+"\n", 129<<10)))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := billAt(t, billWire(t, linkTo(c.link), served(c.file)))
			if len(got.Lines) > 0 {
				t.Errorf("got %v", got)
			}
			providertest.Undecided(t, err, append(secrets, "token")...)
		})
	}
}

func TestBillDownloadFails(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]providertest.Reply{
		"error": {Status: 502, Body: archive(t, billText(billPayment))}, "cut": {Status: providertest.Cut},
		"redirect": {Status: 302, Header: http.Header{"Location": {"https://evil.example/canary"}}},
		"too-long": {Status: 200, Body: strings.Repeat("a", 16<<20+1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := billAt(t, billWire(t, linkTo(billLink), reply))
			if len(got.Lines) > 0 {
				t.Errorf("got %v", got)
			}
			providertest.Undecided(t, err, append(secrets, "token")...)
		})
	}
}

// A row that can't be taken is named, and all others count.
func TestBillWithAnOddRow(t *testing.T) {
	t.Parallel()
	till := strings.ReplaceAll(billPayment, number, "TILL1")
	for name, c := range map[string]struct{ row, about, why string }{
		"other-kind":     {strings.ReplaceAll(till, "交易", "转账"), "TILL1", "it is neither payment nor refund"},
		"no-order":       {strings.ReplaceAll(billPayment, number, ""), "", "it names no order"},
		"too-few-values": {tradeNo + "\t,TILL1\t,交易", "TILL1", "it has 3 values, want 25"},
		"prose":          {"Tea cup", "", "it has 1 values, want 25"},
		"three-decimals": {strings.ReplaceAll(till, "59.80", "59.801"), "TILL1", "59.801 is not an amount in yuan"},
		"negative":       {strings.ReplaceAll(till, "59.80", "-59.80"), "TILL1", "-59.80 is not an amount in yuan"},
		"fee":            {strings.ReplaceAll(till, "-0.36", "--0.36"), "TILL1", "its fee can't be read"},
		"odd-time":       {strings.ReplaceAll(till, "2026-11-22 ", "2026/11/22 "), "TILL1", "its times can't be found"},
		"two-times":      {strings.Replace(till, "Tea cup", "Tea,2026-11-22 23:59:50,2026-11-22 23:59:59,,,,,,0.01", 1), "TILL1", "its times can't be found"},
		"voucher":        {strings.Replace(till, "0.00,,0.00,0.00,,-0.36", "0.00,a,b,0.00,0.00,,-0.36", 1), "TILL1", "its fee can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readBill(t, billText(c.row, billPayment, billRefund))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(goodLines, got.Lines); diff != "" {
				t.Error(diff)
			}
			if want := []provider.BillProblem{{Row: 6, OutTradeNo: c.about, Why: c.why}}; !slices.Equal(got.Problems, want) {
				t.Errorf("got %+v, want %+v", got.Problems, want)
			}
		})
	}
}

// The merchant's own words can't make a row unreadable, nor move its amounts.
func TestBillWithHardWords(t *testing.T) {
	t.Parallel()
	for name, words := range map[string]string{
		"comma": "Tea, cup", "columns": "Tea,0.01,0.01,退款,RF9", "line-break": "Tea\ncup", "line-breaks": "\r\nTea\r\n\r\n1,cup\r\n",
		"comment": "Tea\n#cup", "quotes": `"Tea"`, "chinese": "龙井茶，一斤", "not-in-gbk": "Tea 🍵", "time": "Tea 2026-11-22 23:59:50",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readBill(t, billText(strings.ReplaceAll(billPayment, "Tea cup", words), billRefund))
			if diff := cmp.Diff(goodLines, got.Lines); err != nil || diff != "" || len(got.Problems) > 0 {
				t.Errorf("%v, %v, %s", err, got.Problems, diff)
			}
		})
	}
}

// A refund that was asked for without a number has that of its order.
func TestBilledRefundWithoutNumber(t *testing.T) {
	t.Parallel()
	got, err := readBill(t, billText(strings.ReplaceAll(billRefund, "RF1\t", "")))
	if err != nil || len(got.Lines) != 1 || got.Lines[0].RefundNumber != number || got.Lines[0].Status != pay.RefundSucceeded {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBillNotThere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer   answer
		day      int
		notReady bool
		empty    bool
	}{
		"before-ten":     {no("40004", "isp.bill_not_exist"), 23, true, false},
		"not-over":       {no("40004", "isv.invalid_arguments"), 23, true, false},
		"none-ever":      {no("40004", "isp.bill_not_exist"), 22, false, true},
		"refused":        {no("40004", "isv.invalid_arguments"), 22, false, false},
		"no-permission":  {no("40006", "isv.insufficient-isv-permissions"), 22, false, false},
		"no-answer":      {answer{cut: true}, 22, false, false},
		"unsigned":       {answer{raw: `{"` + responseName(billMethod) + `":{"code":"40004","sub_code":"isp.bill_not_exist"}}`}, 22, false, false},
		"without-a-link": {ok(nil), 22, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := billWire(t, c.answer, served(""))
			got, err := open(t, w.URL).(provider.Biller).Bill(t.Context(), time.Date(2026, 11, c.day, 0, 0, 0, 0, beijing))
			if errors.Is(err, provider.ErrNotReady) != c.notReady || (err == nil) != c.empty || len(got.Lines) != 0 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// Whatever a file holds: an error, or lines whose amounts can't be negative.
func FuzzBill(f *testing.F) {
	f.Add(billText(billPayment, billRefund))
	f.Add(billText())
	f.Add(billText("\n\n1234567890123456,"))
	f.Add(billColumns)
	f.Fuzz(func(t *testing.T, file string) {
		got, err := alipay.ParseBill([]byte(archive(t, file)), sellerID)
		if err != nil && got.Lines != nil {
			t.Fatal("lines and an error")
		}
		for _, line := range got.Lines {
			if line.Amount.Value < 0 || line.At.IsZero() || line.OutTradeNo == "" {
				t.Fatalf("got %+v", line)
			}
		}
	})
}
