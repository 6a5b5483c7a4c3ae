package wechatpay

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// The columns of a bill that we read. Their places differ between the kinds and
// generations of bills, so they are found by name.
const (
	colTime        = "交易时间"
	colMchID       = "商户号"   // of who called
	colSubMchID    = "特约商户号" // of the merchant under them, "0" for none
	colReference   = "微信订单号"
	colOutTradeNo  = "商户订单号"
	colState       = "交易状态"
	colCurrency    = "货币种类"
	colRefundID    = "微信退款单号"
	colRefundNo    = "商户退款单号"
	colRefundState = "退款状态"
	colGoods       = "商品名称" // the merchant's words, as they were sent
	colAttached    = "商户数据包"
	colTotal       = "订单金额"
	colRefund      = "申请退款金额"
)

// The columns of the summary that ends a bill.
const (
	sumRows = "总交易单数" // its first
	sumFees = "手续费总金额"
)

// maxFees is more than any day's, in yuan.
const maxFees = 1e12

// billRefunds maps the state of a refund as it was when the bill was written: a
// bill is not written again, so one that was under way stays so in it.
var billRefunds = map[string]struct {
	status  pay.RefundStatus
	failure pay.RefundFailure
}{
	"SUCCESS":    {pay.RefundSucceeded, ""},
	"PROCESSING": {pay.RefundPending, ""},
	"CHANGE":     {pay.RefundPending, pay.FailurePayerAccount},
	"ABNORMAL":   {pay.RefundPending, pay.FailurePayerAccount}, // the newer name
	"FAIL":       {pay.RefundFailed, pay.FailureClosed},
	"CLOSED":     {pay.RefundFailed, pay.FailureClosed},
}

// header is the names of the columns of a table in a bill, in their order.
type header []string

func headerOf(text string, wanted ...string) (header, error) {
	names := header(strings.Split(text, ","))
	for _, want := range wanted {
		if !slices.Contains(names, want) {
			return nil, fmt.Errorf("the bill has no column %s", want)
		}
	}
	return names, nil
}

// values reads a line, by the names of the columns. Every value begins with a
// backtick. The merchant's own words may look like more values than there are
// columns: what stands before and after them is counted from its own end.
func (h header) values(text string) (map[string]string, error) {
	text, ok := strings.CutPrefix(text, "`")
	list := strings.Split(text, ",`")
	extra := len(list) - len(h)
	words := max(slices.Index(h, colGoods), slices.Index(h, colAttached))
	if !ok || extra < 0 || extra > 0 && words < 0 {
		return nil, fmt.Errorf("it has %d values, want %d", len(list), len(h))
	}
	values := map[string]string{}
	for i, name := range h {
		at := i
		if i > words {
			at += extra
		}
		values[name] = list[at]
	}
	return values, nil
}

// billReader reads the rows of a trade bill.
type billReader struct {
	owner   owner
	columns header
	bill    provider.Bill
	rows    int

	row   []string // the lines of the row that is being read: the merchant's own words may hold line breaks
	begun int      // the number of its first line
}

// parseBill reads a trade bill: a header, a row for each payment and refund, a
// summary. Amounts are in yuan.
func parseBill(raw []byte, of owner) (provider.Bill, error) {
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	lines.Buffer(nil, 64<<10)
	next := func() string {
		lines.Scan()
		return strings.TrimRight(lines.Text(), "\r")
	}
	columns, err := headerOf(next(), colTime, colMchID, colReference, colOutTradeNo, colState, colCurrency, colRefundID, colRefundNo, colRefundState, colTotal, colRefund)
	if err != nil {
		return provider.Bill{}, err
	}
	r := billReader{owner: of, columns: columns}
	for number := 2; lines.Scan(); number++ {
		text := strings.TrimRight(lines.Text(), "\r")
		if strings.HasPrefix(text, sumRows) {
			r.flush()
			err := r.summary(text, next(), number)
			return r.bill, err
		}
		if begins(text) || r.row == nil {
			r.flush()
			r.begun = number
		}
		r.row = append(r.row, text)
	}
	return provider.Bill{}, errors.New("the bill ends without its summary")
}

// begins reports whether a line begins a row, which it does with a time.
func begins(line string) bool {
	return len(line) > 1 && line[0] == '`' && '0' <= line[1] && line[1] <= '9'
}

// flush takes the row that has been read into the bill.
func (r *billReader) flush() {
	if r.row == nil {
		return
	}
	values, err := r.columns.values(strings.Join(r.row, "\n"))
	r.row = nil
	r.rows++
	line := provider.BillLine{}
	if err == nil {
		line, err = billLine(values, r.owner)
	}
	if err != nil {
		r.problem(provider.BillProblem{Row: r.begun, OutTradeNo: values[colOutTradeNo], Why: err.Error()})
		return
	}
	r.bill.Lines = append(r.bill.Lines, line)
}

func (r *billReader) problem(p provider.BillProblem) {
	if p.OutTradeNo != "" {
		p.OutTradeNo = provider.Clean(p.OutTradeNo)
	}
	r.bill.Problems = append(r.bill.Problems, p)
}

// summary compares the number of rows with that of the summary.
func (r *billReader) summary(names, text string, number int) error {
	columns, err := headerOf(names, sumRows)
	if err != nil {
		return err
	}
	values, err := columns.values(text)
	if err != nil {
		return fmt.Errorf("the summary of the bill: %w", err)
	}
	if fees, err := parseFees(values[sumFees]); err == nil {
		r.bill.Fees = &pay.Money{Currency: "CNY", Value: fees}
	}
	if values[sumRows] != strconv.Itoa(r.rows) {
		r.problem(provider.BillProblem{Row: number, Why: fmt.Sprintf("the bill announces %s rows and has %d", provider.Clean(values[sumRows]), r.rows)})
	}
	return nil
}

func billLine(values map[string]string, of owner) (provider.BillLine, error) {
	none := provider.BillLine{}
	if values[colMchID] != of.caller() || cmp.Or(values[colSubMchID], "0") != cmp.Or(of.SubMchID, "0") {
		return none, errors.New("it is about another merchant")
	}
	when, err := time.ParseInLocation(time.DateTime, values[colTime], china)
	if err != nil {
		return none, errors.New("its time can't be read")
	}
	line := provider.BillLine{OutTradeNo: values[colOutTradeNo], At: when}
	amount := colTotal
	switch state, refund := values[colState], values[colRefundState]; state {
	case "SUCCESS":
		line.Reference = values[colReference]
	case "REFUND":
		known, ok := billRefunds[refund]
		if !ok || values[colRefundNo] == "" {
			return none, fmt.Errorf("the state %s of its refund is unknown", provider.Clean(refund))
		}
		line.Status, line.Failure = known.status, known.failure
		line.RefundNumber, line.Reference, amount = values[colRefundNo], values[colRefundID], colRefund
	default:
		return none, fmt.Errorf("its state %s is unknown", provider.Clean(state))
	}
	fen, err := provider.ParseYuan(values[amount])
	if err != nil {
		return none, err
	}
	line.Amount = pay.Money{Currency: values[colCurrency], Value: fen}
	return line, nil
}

// parseFees reads an amount in yuan with any number of decimals, which may be
// negative, and rounds it to fen.
func parseFees(text string) (fen int64, err error) {
	yuan, err := strconv.ParseFloat(text, 64)
	if err != nil || !(math.Abs(yuan) < maxFees) { // not a number included
		return 0, errors.New("the fees can't be read")
	}
	return int64(math.Round(yuan * 100)), nil
}
