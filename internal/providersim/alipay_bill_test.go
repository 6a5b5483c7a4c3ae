package providersim_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/smartwalle/alipay/v3"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// download follows a bill's link and returns its files, by name.
func (fx *fixture) download(link string) map[string]string {
	fx.t.Helper()
	res, err := fx.http.Get(link)
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		fx.t.Fatalf("%d, %v", res.StatusCode, err)
	}
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil
	}
	decode := simplifiedchinese.GBK.NewDecoder()
	files := map[string]string{}
	for _, f := range archive.File {
		in, err := f.Open()
		if err != nil {
			fx.t.Fatal(err)
		}
		text, err := io.ReadAll(decode.Reader(in))
		if err != nil {
			fx.t.Fatal(err)
		}
		name, err := decode.String(f.Name)
		if err != nil {
			fx.t.Fatal(err)
		}
		files[name] = string(text)
	}
	return files
}

func TestAlipayBill(t *testing.T) {
	fx, c := newAlipayWorld(t)
	fx.approve("ming", fx.qr(c, "bill_1"))
	if r, err := c.TradeRefund(t.Context(), alipay.TradeRefund{OutTradeNo: "bill_1", RefundAmount: "0.80", OutRequestNo: "R1"}); err != nil || !r.IsSuccess() {
		t.Fatalf("%+v, %v", r, err)
	}
	day := fx.sim.Now().In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly)
	ask := func(kind, day string) (link, sub string) {
		t.Helper()
		r, err := c.BillDownloadURLQuery(t.Context(), alipay.BillDownloadURLQuery{BillType: kind, BillDate: day})
		if err != nil {
			t.Fatal(err)
		}
		return r.BillDownloadURL, r.SubCode
	}
	if _, sub := ask("trade", day); sub != "isv.invalid_arguments" {
		t.Errorf("on the same day: %q", sub)
	}
	fx.sim.Advance(35 * time.Hour)
	link, sub := ask("trade", day)
	files := fx.download(link)
	detail := files[alipaySeller+"0156_"+strings.ReplaceAll(day, "-", "")+"_业务明细.csv"]
	rows := strings.Split(strings.TrimSpace(detail), "\r\n")
	if sub != "" || len(files) != 2 || len(rows) != 9 {
		t.Fatalf("%q, %d files, %d lines:\n%s", sub, len(files), len(rows), detail)
	}
	if !strings.Contains(rows[5], ",bill_1\t,交易,") || !strings.Contains(rows[6], ",-0.80,-0.80,") || !strings.Contains(rows[6], ",R1\t,") {
		t.Errorf("the rows are\n%s\n%s", rows[5], rows[6])
	}
	for name, c := range map[string]struct{ kind, day, sub string }{
		"other-kind": {"everything", day, "isv.invalid_arguments"},
		"of-funds":   {"signcustomer", day, "isv.invalid_arguments"},
		"of-a-month": {"trade", day[:7], "isv.invalid_arguments"},
		"no-date":    {"trade", "2026-13-01", "isv.invalid_arguments"},
		"no-trades":  {"trade", "2020-01-01", "isp.bill_not_exist"},
	} {
		if _, sub := ask(c.kind, c.day); sub != c.sub {
			t.Errorf("%s: %q, want %q", name, sub, c.sub)
		}
	}
	fx.sim.Advance(31 * time.Second)
	if late := fx.download(link); late != nil {
		t.Errorf("after 31 seconds the link leads to %v", late)
	}
}
