package providersim

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// billReady is the hour of the next day, in China, at which a bill is there.
const billReady = 10

// billLinkLife is the time for which a bill's download link works.
const billLinkLife = 5 * time.Minute

// bill is a bill file that was asked for and can be downloaded.
type bill struct {
	account account
	file    []byte
	expires time.Time
}

// tradeBill writes the bill of one day and answers where to get it.
func tradeBill(s *Sim, c *wechatCall) (any, error) {
	q := c.r.URL.Query()
	day, err := time.ParseInLocation(time.DateOnly, q.Get("bill_date"), china)
	if err != nil {
		return nil, errRequest.at("query", "bill_date", q.Get("bill_date"), "应为yyyy-MM-DD格式的日期")
	}
	if c.now.Before(written(day)) {
		return nil, errBillEarly
	}
	if c.now.After(day.AddDate(0, 3, 0)) {
		return nil, errNoBill
	}
	kind, ok := billKinds[q.Get("bill_type")]
	if !ok {
		return nil, errRequest.at("query", "bill_type", q.Get("bill_type"), "取值不在允许范围内")
	}
	var lines []billLine
	var till [][]string
	for _, a := range s.billed(c) {
		lines, till = append(lines, s.billLines(a, day, kind)...), append(till, s.tillRows(a, day)...)
	}
	if len(lines) == 0 {
		return nil, errNoBill
	}
	file, err := writeBill(lines, till, q.Get("tar_type"))
	if err != nil {
		return nil, err
	}
	token := rand.Text()
	s.bills[token] = bill{account: c.merchant, file: file, expires: c.now.Add(billLinkLife)}
	sum := sha1.Sum(file)
	return map[string]string{
		"hash_type": "SHA1", "hash_value": hex.EncodeToString(sum[:]),
		"download_url": s.options.Origin + "/v3/billdownload/file?token=" + token,
	}, nil
}

// billed lists the accounts that a bill is about: all of a service provider's, unless the
// call names one.
func (s *Sim) billed(c *wechatCall) []*wechatAccount {
	if c.merchant.isPartner() && c.r.URL.Query().Get("sub_mchid") == "" {
		return s.callers(c.merchant.caller())
	}
	return []*wechatAccount{c.merchant}
}

// billLine is one row: a payment, or a refund of one.
type billLine struct {
	o *order
	r *refund // nil for a payment
}

// billed says which rows a type of bill lists.
type billed struct{ payments, refunds bool }

// billKinds are the bill types.
var billKinds = map[string]billed{
	"":        {true, true},
	"ALL":     {true, true},
	"SUCCESS": {true, false},
	"REFUND":  {false, true},
}

// billLines lists what was paid and what was refunded on a day.
func (s *Sim) billLines(a account, day time.Time, include billed) (lines []billLine) {
	within := func(t time.Time) bool { return !t.Before(day) && t.Before(day.AddDate(0, 0, 1)) }
	for _, o := range s.books.orders {
		if o.account != a || o.paidAt.IsZero() {
			continue
		}
		if include.payments && within(o.paidAt) {
			lines = append(lines, billLine{o: o})
		}
		for _, r := range o.refunds {
			if include.refunds && within(r.created) {
				lines = append(lines, billLine{o, r})
			}
		}
	}
	return lines
}

// TillSale is a sale that another system made with the same account, such as a
// till: it is in the bill of its day, if there is one, and nowhere else.
type TillSale struct {
	Account string // mchid or seller id
	Number  string
	State   string // SUCCESS or REVOKED, at Alipay 交易; the bill has it as it is
	Goods   string // as it was sent: it may look like more columns or rows
	Fen     int64
	At      time.Time
	Of      string // the merchant number that WeChat Pay's bill names, if it is not Account
}

// SellAtTill adds sales of another system to the bills.
func (s *Sim) SellAtTill(sales ...TillSale) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.till = append(s.till, sales...)
}

func (s *Sim) tillSales(account string, day time.Time) (sales []TillSale) {
	for _, t := range s.till {
		if t.Account == account && !t.At.Before(day) && t.At.Before(day.AddDate(0, 0, 1)) {
			sales = append(sales, t)
		}
	}
	return sales
}

func (s *Sim) tillRows(a *wechatAccount, day time.Time) (rows [][]string) {
	for _, t := range s.tillSales(a.MchID, day) {
		rows = append(rows, []string{
			t.At.In(china).Format(time.DateTime), a.AppID, cmp.Or(t.Of, a.caller()), a.under(), "till", "42" + t.Number, t.Number, "", "MICROPAY", t.State,
			"OTHERS", "CNY", yuan(t.Fen), "0.00", "", "", "0.00", "0.00", "", "", t.Goods, "", "0.00000", "0.00%", yuan(t.Fen), "0.00", "",
		})
	}
	return rows
}

const (
	billHead = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额," +
		"微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
	billSumHead = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)

// writeBill writes a bill: amounts in yuan, a backtick before each value so
// that spreadsheets leave long numbers alone.
func writeBill(lines []billLine, till [][]string, packing string) ([]byte, error) {
	var b bytes.Buffer
	var taken, returned int64
	fmt.Fprintf(&b, "\uFEFF%s\r\n", billHead)
	for _, l := range lines {
		writeRow(&b, l.row())
		if l.r == nil {
			taken += l.o.fen
		} else {
			returned += l.r.fen
		}
	}
	for _, row := range till {
		writeRow(&b, row)
	}
	fmt.Fprintf(&b, "%s\r\n", billSumHead)
	writeRow(&b, []string{fmt.Sprint(len(lines) + len(till)), yuan(taken), yuan(returned), "0.00", "0.00", yuan(taken), yuan(returned)})
	switch packing {
	case "":
		return b.Bytes(), nil
	case "GZIP":
		return gzipped(b.Bytes())
	}
	return nil, errRequest.at("query", "tar_type", packing, "取值不在允许范围内")
}

func writeRow(b *bytes.Buffer, cells []string) {
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("`" + c)
	}
	b.WriteString("\r\n")
}

func (l billLine) row() []string {
	o, a := l.o, l.o.account.(*wechatAccount)
	at, state, settled, coupon := o.paidAt, "SUCCESS", yuan(o.fen), yuan(o.coupon)
	refundID, refundNumber, returned, couponBack, kind, refundState := "", "", "0.00", "0.00", "", ""
	if r := l.r; r != nil {
		at, state, settled, coupon, couponBack = r.created, "REFUND", "0.00", "0.00", yuan(r.fen-o.payerFen(r.fen))
		refundID, refundNumber, returned, kind, refundState = r.id, r.number, yuan(r.fen), "ORIGINAL", r.status(written(r.created))
	}
	return []string{
		at.In(china).Format(time.DateTime), a.billedApp(o), a.caller(), a.under(), "", o.reference, o.number, openid(o.appID, o.payer), string(o.product), state,
		"OTHERS", "CNY", settled, coupon, refundID, refundNumber, returned, couponBack, kind, refundState, plain(o.description), plain(o.attach),
		"0.00000", "0.00%", settled, returned, "",
	}
}

// plain takes out of a merchant's words what would look like columns or rows.
func plain(words string) string {
	return strings.NewReplacer(",", " ", "\r", " ", "\n", " ").Replace(words)
}

// written returns the time at which the bill of a time's day is written; it is
// not touched again.
func written(at time.Time) time.Time {
	year, month, day := at.In(china).Date()
	return time.Date(year, month, day+1, billReady, 0, 0, 0, china)
}

func gzipped(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// billFile is a bill as a reply: it is not signed.
type billFile []byte

// downloadBill hands a bill out. The request is signed as any other.
func downloadBill(s *Sim, c *wechatCall) (any, error) {
	b, ok := s.bills[c.r.URL.Query().Get("token")]
	if !ok || b.account.(*wechatAccount).caller() != c.merchant.caller() || !c.now.Before(b.expires) {
		return nil, errNoBill
	}
	return billFile(b.file), nil
}
