package alipay

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// What an archive may unpack to.
const (
	maxBill      = 128 << 20 // bytes of all files
	maxBillFiles = 64
	maxBillLines = 1 << 20  // of one file
	maxBillLine  = 64 << 10 // bytes of one line
)

// The columns of a bill that we read. They are found by name.
const (
	colReference  = "支付宝交易号"
	colOutTradeNo = "商户订单号"
	colKind       = "业务类型"
	colGoods      = "商品名称" // the merchant's words, as they were sent
	colCreated    = "创建时间"
	colAt         = "完成时间"
	colTotal      = "订单金额(元)"
	colRefundNo   = "退款批次号/请求号" // what the merchant called it
	colFee        = "服务费(元)"
)

// The kinds of rows. A bill only holds what has succeeded.
const (
	kindPayment = "交易"
	kindRefund  = "退款"
)

// The lines of a bill that aren't rows begin with #.
const (
	commentMark = "#"
	accountMark = "#账号：["
	listEnd     = "业务明细列表结束"
)

// accountDigits follow the merchant's user id in a bill's name of the account.
const accountDigits = "0156"

// parseBill reads the archive of a trade bill: CSV files in GBK, of which those
// with a table of payments count and those that sum it up don't.
func parseBill(file []byte, sellerID string) (provider.Bill, error) {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return provider.Bill{}, errors.New("the bill is not a zip file")
	}
	if len(archive.File) > maxBillFiles {
		return provider.Bill{}, fmt.Errorf("the bill consists of more than %d files", maxBillFiles)
	}
	r := billReader{sellerID: sellerID, bill: provider.Bill{Fees: &pay.Money{Currency: "CNY"}}}
	left := int64(maxBill)
	for _, f := range archive.File {
		if left, err = r.unpack(f, left); err != nil {
			return provider.Bill{}, err
		}
	}
	if r.tables == 0 {
		return provider.Bill{}, errors.New("the bill holds no table of payments")
	}
	return r.bill, nil
}

// billReader reads the rows of a trade bill.
type billReader struct {
	sellerID string
	bill     provider.Bill
	tables   int

	columns columns  // of the table that is being read
	row     []string // the lines of the row that is being read: the merchant's own words may hold line breaks
	begun   int      // the number of its first line
}

// unpack reads a file of the archive, which may be so many bytes long, and returns
// how many the next ones may be.
func (r *billReader) unpack(f *zip.File, atMost int64) (left int64, err error) {
	in, err := f.Open()
	if err != nil {
		return 0, errors.New("the bill can't be unpacked")
	}
	defer in.Close()
	limited := &io.LimitedReader{R: in, N: atMost}
	lines := bufio.NewScanner(transform.NewReader(limited, simplifiedchinese.GBK.NewDecoder()))
	lines.Buffer(nil, maxBillLine)
	err = r.table(lines)
	switch {
	case limited.N <= 0:
		return 0, errors.New("the bill is too long")
	case lines.Err() != nil:
		return 0, errors.New("the bill can't be unpacked, or has a line that is too long")
	}
	return limited.N, err
}

// table reads one CSV file: comments that name the account, the columns, rows,
// and comments.
func (r *billReader) table(lines *bufio.Scanner) error {
	r.columns = nil
	ours := false
	for number := 1; lines.Scan(); number++ {
		text := strings.TrimRight(lines.Text(), "\r")
		switch {
		case number > maxBillLines:
			return errors.New("the bill is too long")
		case r.columns != nil && strings.HasPrefix(text, commentMark) && strings.Contains(text, listEnd):
			r.flush()
			return nil
		case r.columns != nil:
			r.take(text, number)
		case strings.HasPrefix(text, accountMark+r.sellerID+accountDigits+"]"), strings.HasPrefix(text, accountMark+r.sellerID+"]"):
			ours = true
		case strings.HasPrefix(text, commentMark), text == "":
		case !isTable(text):
			return nil
		case !ours:
			return errors.New("the bill is about another merchant")
		default:
			r.tables++
			if err := r.readColumns(text); err != nil {
				return err
			}
		}
	}
	if r.columns == nil {
		return nil
	}
	return errors.New("the bill ends in the middle of a table")
}

// isTable reports whether a line names the columns of a table of payments.
func isTable(text string) bool { return slices.Contains(namesOf(text), colReference) }

func (r *billReader) readColumns(text string) error {
	r.columns = namesOf(text)
	for _, want := range []string{colReference, colOutTradeNo, colKind, colGoods, colCreated, colAt, colTotal, colRefundNo, colFee} {
		if !slices.Contains(r.columns, want) {
			return fmt.Errorf("the bill has no column %s", want)
		}
	}
	return nil
}

// take adds a line to the row that is being read, or begins another.
func (r *billReader) take(text string, number int) {
	if text == "" && r.row == nil {
		return
	}
	if begins(text) || r.row == nil {
		r.flush()
		r.begun = number
	}
	r.row = append(r.row, text)
}

// begins reports whether a line begins a row, which it does with Alipay's number
// of a trade.
func begins(text string) bool {
	first, _, more := strings.Cut(text, ",")
	first = bare(first)
	return more && len(first) >= 16 && strings.Trim(first, "0123456789") == ""
}

// flush takes the row that has been read into the bill.
func (r *billReader) flush() {
	if r.row == nil {
		return
	}
	values, err := r.columns.values(strings.Join(r.row, "\n"))
	r.row = nil
	line, fee := provider.BillLine{}, int64(0)
	if err == nil {
		line, fee, err = billLine(values)
	}
	if err != nil {
		p := provider.BillProblem{Row: r.begun, Why: err.Error()}
		if values[colOutTradeNo] != "" {
			p.OutTradeNo = provider.Clean(values[colOutTradeNo])
		}
		r.bill.Problems = append(r.bill.Problems, p)
		return
	}
	r.bill.Lines = append(r.bill.Lines, line)
	r.bill.Fees.Value -= fee // what is taken from the merchant is negative
}

func billLine(values map[string]string) (line provider.BillLine, fee int64, err error) {
	line = provider.BillLine{OutTradeNo: values[colOutTradeNo], Reference: values[colReference]}
	if line.OutTradeNo == "" {
		return provider.BillLine{}, 0, errors.New("it names no order")
	}
	if line.At, err = time.ParseInLocation(time.DateTime, values[colAt], china); err != nil {
		return provider.BillLine{}, 0, errors.New("its time can't be read")
	}
	total := values[colTotal]
	switch values[colKind] {
	case kindPayment:
	case kindRefund:
		total = strings.TrimPrefix(total, "-")
		line.Status = pay.RefundSucceeded
		line.RefundNumber = values[colRefundNo]
		if line.RefundNumber == "" { // the whole payment went back under its own number
			line.RefundNumber = line.OutTradeNo
		}
	default:
		return provider.BillLine{}, 0, errors.New("it is neither payment nor refund")
	}
	fen, err := provider.ParseYuan(total)
	if err != nil {
		return provider.BillLine{}, 0, err
	}
	line.Amount = pay.Money{Currency: "CNY", Value: fen}
	fee, err = parseFee(values[colFee])
	return line, fee, err
}

// parseFee reads an amount in yuan that may be negative.
func parseFee(text string) (fen int64, err error) {
	positive, negative := strings.CutPrefix(text, "-")
	if fen, err = provider.ParseYuan(positive); err != nil {
		return 0, errors.New("its fee can't be read")
	}
	if negative {
		fen = -fen
	}
	return fen, nil
}

// columns is the names of the columns of a table, in their order.
type columns []string

func namesOf(text string) columns {
	var names columns
	for name := range strings.SplitSeq(strings.NewReplacer("（", "(", "）", ")").Replace(text), ",") {
		names = append(names, bare(name))
	}
	return names
}

// bare returns a value without what keeps spreadsheets from rounding long
// numbers.
func bare(value string) string { return strings.Trim(value, " \t\"") }

// values reads a row, by the names of the columns. The merchant's own words may look
// like more values than there are columns. The two times, which stand behind them,
// say where they end.
func (c columns) values(text string) (map[string]string, error) {
	list := strings.Split(text, ",")
	words := slices.Index(c, colGoods)
	place := func(i, extra int) string {
		if i > words {
			i += extra
		}
		if i < len(list) {
			return bare(list[i])
		}
		return ""
	}
	created, at := slices.Index(c, colCreated), slices.Index(c, colAt)
	shift, found := 0, 0
	for extra := range len(list) - len(c) + 1 {
		if isTime(place(created, extra)) && isTime(place(at, extra)) {
			shift, found = extra, found+1
		}
	}
	values := map[string]string{}
	for i, name := range c {
		values[name] = place(i, shift)
	}
	switch {
	case len(list) < len(c):
		return values, fmt.Errorf("it has %d values, want %d", len(list), len(c))
	case found != 1:
		return values, errors.New("its times can't be found")
	}
	return values, nil
}

func isTime(value string) bool {
	_, err := time.Parse(time.DateTime, value)
	return err == nil
}
