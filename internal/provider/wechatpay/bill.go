package wechatpay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// What a day's bill may take.
const (
	billTimeout = time.Minute
	maxBill     = 64 << 20 // bytes, about 200,000 payments
)

// billReady is the hour, in China, from which the day before has a bill.
const billReady = 10

// billLink is the signed reply that names a download.
type billLink struct {
	HashType    string `json:"hash_type"`
	HashValue   string `json:"hash_value"`
	DownloadURL string `json:"download_url"`
}

// Bill implements provider.Biller. A day without payments has no bill: that is
// an empty list, but only once bills of that day exist.
func (a *account) Bill(ctx context.Context, day time.Time) ([]provider.BillLine, error) {
	ctx, cancel := context.WithTimeout(ctx, billTimeout)
	defer cancel()
	year, month, date := day.In(china).Date()
	query := url.Values{"bill_date": {fmt.Sprintf("%04d-%02d-%02d", year, month, date)}, "bill_type": {"ALL"}}
	result, err := a.client.Get(ctx, consts.WechatPayAPIServer+"/v3/bill/tradebill?"+query.Encode())
	if err := redact(err); err != nil {
		ready := time.Date(year, month, date+1, billReady, 0, 0, 0, china)
		switch {
		case !errors.Is(err, provider.ErrAbsent):
			return nil, err
		case a.env.Now().Before(ready):
			return nil, fmt.Errorf("%w: %w", provider.ErrNotReady, err)
		}
		return nil, nil
	}
	var link billLink
	if err := core.UnMarshalResponse(result.Response, &link); err != nil {
		return nil, redact(err)
	}
	bill, err := a.fetch(ctx, link)
	if err != nil {
		return nil, redact(err)
	}
	lines, err := parseBill(bill, a.MchID)
	if err != nil {
		return nil, redact(&unusable{err.Error()})
	}
	return lines, nil
}

// fetch downloads a bill and compares it with the hash in the signed reply: the
// download itself is not signed.
func (a *account) fetch(ctx context.Context, link billLink) ([]byte, error) {
	hosts := provider.Links{Hosts: []string{"api.mch.weixin.qq.com", "api2.mch.weixin.qq.com"}, TestURL: a.env.TestURL}
	if err := hosts.Redirect(link.DownloadURL); err != nil {
		return nil, &unusable{err.Error()}
	}
	ctx = provider.AllowReply(ctx, maxBill)
	result, err := a.download.Request(ctx, http.MethodGet, link.DownloadURL, nil, nil, nil, "")
	if err != nil {
		return nil, err
	}
	defer result.Response.Body.Close()
	bill, err := io.ReadAll(result.Response.Body)
	if err != nil {
		return nil, &unusable{"the bill was cut short or is too long"}
	}
	sum := sha1.Sum(bill)
	if link.HashType != "SHA1" || !strings.EqualFold(hex.EncodeToString(sum[:]), link.HashValue) {
		return nil, &unusable{"the bill is not the one that was announced"}
	}
	return bill, nil
}

// The columns of a bill that we read. Their places differ between the kinds and
// generations of bills, so they are found by name.
const (
	colTime         = "交易时间"
	colMchID        = "商户号"
	colReference    = "微信订单号"
	colOutTradeNo   = "商户订单号"
	colState        = "交易状态"
	colCurrency     = "货币种类"
	colRefundID     = "微信退款单号"
	colRefundNo     = "商户退款单号"
	colTotal        = "订单金额"
	colRefund       = "申请退款金额"
	colSummaryStart = "总交易单数" // the first column of the summary that ends a bill
)

// columns maps the name of a column to its place in a bill.
type columns struct {
	index map[string]int
	count int
}

func columnsOf(header string) (columns, error) {
	names := strings.Split(header, ",")
	c := columns{index: map[string]int{}, count: len(names)}
	for _, want := range []string{
		colTime, colMchID, colReference, colOutTradeNo, colState, colCurrency, colRefundID, colRefundNo, colTotal, colRefund,
	} {
		i := slices.Index(names, want)
		if i < 0 {
			return columns{}, fmt.Errorf("the bill has no column %s", want)
		}
		c.index[want] = i
	}
	return c, nil
}

// parseBill reads a trade bill: a header, a line for each payment and refund,
// a summary. Every value begins with a backtick; a comma within one is escaped
// by WeChat Pay. Amounts are in yuan.
func parseBill(raw []byte, mchID string) ([]provider.BillLine, error) {
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	lines.Buffer(nil, 64<<10)
	lines.Scan()
	cols, err := columnsOf(strings.TrimRight(lines.Text(), "\r"))
	if err != nil {
		return nil, err
	}
	var bill []provider.BillLine
	for lines.Scan() {
		text := strings.TrimRight(lines.Text(), "\r")
		if strings.HasPrefix(text, colSummaryStart) {
			return bill, nil
		}
		line, err := parseBillLine(text, cols, mchID)
		if err != nil {
			return nil, fmt.Errorf("line %d of the bill: %w", len(bill)+2, err)
		}
		bill = append(bill, line)
	}
	return nil, errors.New("the bill ends without its summary")
}

func parseBillLine(text string, cols columns, mchID string) (provider.BillLine, error) {
	none := provider.BillLine{}
	text, ok := strings.CutPrefix(text, "`")
	values := strings.Split(text, ",`")
	if !ok || len(values) != cols.count {
		return none, fmt.Errorf("it has %d values, want %d", len(values), cols.count)
	}
	get := func(column string) string { return values[cols.index[column]] }
	if get(colMchID) != mchID {
		return none, errors.New("it is about another merchant")
	}
	when, err := time.ParseInLocation(time.DateTime, get(colTime), china)
	if err != nil {
		return none, errors.New("its time can't be read")
	}
	line := provider.BillLine{OutTradeNo: get(colOutTradeNo), At: when}
	amount := colTotal
	switch get(colState) {
	case "SUCCESS":
		line.Reference = get(colReference)
	case "REFUND":
		line.RefundNumber, line.Reference, amount = get(colRefundNo), get(colRefundID), colRefund
	default:
		return none, fmt.Errorf("its state %s is unknown", provider.Clean(get(colState)))
	}
	fen, err := provider.ParseYuan(get(amount))
	if err != nil {
		return none, err
	}
	line.Amount = pay.Money{Currency: get(colCurrency), Value: fen}
	return line, nil
}
