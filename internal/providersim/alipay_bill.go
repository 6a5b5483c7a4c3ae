package providersim

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// alipayBillLife is the time for which a bill's download link works.
const alipayBillLife = 30 * time.Second

type billLinkReply struct {
	businessError
	URL string `json:"bill_download_url"`
}

// alipayBill writes the bill of one day and answers where to get it.
func alipayBill(s *Sim, c *alipayCall) (any, error) {
	day, err := time.ParseInLocation(time.DateOnly, c.biz.BillDate, china)
	if err != nil || c.biz.BillType != "trade" || c.now.Before(day.AddDate(0, 0, 1)) {
		return nil, errBillArguments
	}
	rows := s.alipayRows(c.merchant, day)
	if c.now.Before(written(day)) || len(rows) == 0 {
		return nil, errNoAlipayBill
	}
	file, err := alipayArchive(c.merchant, day, rows)
	if err != nil {
		return nil, err
	}
	token, name := rand.Text(), c.merchant.SellerID+"0156_"+day.Format("20060102")+".csv.zip"
	s.bills[token] = bill{account: c.merchant, file: file, expires: c.now.Add(alipayBillLife)}
	q := url.Values{
		"bizType": {"trade"}, "userId": {c.merchant.SellerID + "0156"}, "fileType": {"csv.zip"}, "bizDates": {day.Format("20060102")},
		"downloadFileName": {name}, "fileId": {"/trade/" + name}, "timestamp": {fmt.Sprint(c.now.Unix())}, "token": {token},
	}
	return billLinkReply{alipaySuccess, s.options.Origin + "/downloadBillFile.resource?" + q.Encode()}, nil
}

// downloadAlipayBill hands a bill out to whoever has its link.
func (s *Sim) downloadAlipayBill(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	b, ok := s.bills[r.URL.Query().Get("token")]
	late := !ok || !s.now().Before(b.expires)
	s.mu.Unlock()
	if late {
		w.Header().Set("Content-Type", "text/html;charset=GBK")
		fmt.Fprint(w, inGBK("<html>下载超时，请重新下载</html>"))
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Write(b.file)
}

const alipayBillHead = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）," +
	"支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"

// alipayRow holds the columns in which the rows of a bill differ.
type alipayRow struct {
	reference, number, kind, goods string
	created, at                    time.Time
	payer, yuan, coupon, refund    string
}

func (r alipayRow) String() string {
	refund := r.refund
	if refund != "" {
		refund += "\t"
	}
	return strings.Join([]string{
		r.reference + "\t", r.number + "\t", r.kind, r.goods, r.created.In(china).Format(time.DateTime), r.at.In(china).Format(time.DateTime),
		"", "", "", "", r.payer, r.yuan, r.yuan, "0.00", "0.00", cmp.Or(r.coupon, "0.00"), "0.00", "0.00", "", "0.00", "0.00", refund, "0.00", "0.00", "",
	}, ",")
}

// alipayRows lists what was paid, what reached payers again and what was sold at
// the till on a day.
func (s *Sim) alipayRows(a *alipayAccount, day time.Time) (rows []alipayRow) {
	for _, l := range s.billLines(a, day, billed{payments: true, refunds: true}) {
		row := alipayRow{
			reference: l.o.reference, number: l.o.number, kind: "交易", goods: plain(l.o.description), created: l.o.created, at: l.o.paidAt,
			payer: logon(l.o.payer), yuan: yuan(l.o.fen), coupon: yuan(l.o.coupon),
		}
		if r := l.r; r != nil {
			if r.isStuck(written(day)) {
				continue // only what has succeeded is billed
			}
			row.kind, row.at, row.yuan, row.refund = "退款", r.created, negative(r.fen), r.number
			row.coupon = negative(r.fen - l.o.payerFen(r.fen))
		}
		rows = append(rows, row)
	}
	for _, t := range s.tillSales(a.SellerID, day) {
		rows = append(rows, alipayRow{
			reference: tradeNumber(t.At), number: t.Number, kind: t.State, goods: t.Goods, created: t.At, at: t.At, payer: "till", yuan: yuan(t.Fen),
		})
	}
	return rows
}

func negative(fen int64) string {
	if fen == 0 {
		return "0.00"
	}
	return "-" + yuan(fen)
}

// alipayArchive writes the two files of a bill, in GBK: its rows, and their sums
// by store.
func alipayArchive(a *alipayAccount, day time.Time, rows []alipayRow) ([]byte, error) {
	next := day.AddDate(0, 0, 1)
	head := func(title string) string {
		return fmt.Sprintf("#支付宝%s查询\r\n#账号：[%s0156]\r\n#起始日期：[%s]   终止日期：[%s]\r\n", title, a.SellerID, chineseDate(day), chineseDate(next))
	}
	var detail, sums strings.Builder
	detail.WriteString(head("业务明细") + "#-----------------------------------------业务明细列表----------------------------------------\r\n" + alipayBillHead + "\r\n")
	for _, r := range rows {
		detail.WriteString(r.String() + "\r\n")
	}
	fmt.Fprintf(&detail, "#-----------------------------------------业务明细列表结束------------------------------------\r\n#合计：%d笔\r\n", len(rows))
	sums.WriteString(head("业务汇总") + "门店编号,门店名称,交易订单总笔数,退款订单总笔数\r\n合计,,,\r\n")

	var b bytes.Buffer
	z := zip.NewWriter(&b)
	prefix := a.SellerID + "0156_" + day.Format("20060102") + "_业务明细"
	for _, f := range []struct{ name, text string }{{prefix + ".csv", detail.String()}, {prefix + "(汇总).csv", sums.String()}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: inGBK(f.name), NonUTF8: true, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(inGBK(f.text))); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}

func chineseDate(day time.Time) string { return day.Format("2006年01月02日 15:04:05") }

// inGBK returns a text in GBK, with a ? for what that does not have.
func inGBK(text string) string {
	text, err := encoding.ReplaceUnsupported(simplifiedchinese.GBK.NewEncoder()).String(text)
	if err != nil {
		panic(fmt.Sprintf("providersim: GBK: %v", err)) // nothing is unsupported any more
	}
	return text
}
