package alipay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"morepay/internal/provider"
)

// What a day's bill may take.
const (
	billTimeout = time.Minute
	maxZip      = 16 << 20 // bytes, about 200,000 payments
)

// billReady is the hour, in China, from which the day before has a bill.
const billReady = 10

// billHost is the host from which bills are downloaded.
const billHost = "dwbillcenter.alipay.com"

// Bill implements provider.Biller. A day without payments has no bill: that is
// an empty one, but only once bills of that day exist.
func (a *account) Bill(ctx context.Context, day time.Time) (provider.Bill, error) {
	none := provider.Bill{}
	ctx, cancel := context.WithTimeout(ctx, billTimeout)
	defer cancel()
	link, err := a.billLink(ctx, day.In(china))
	if link == "" || err != nil {
		return none, err
	}
	file, err := a.fetch(ctx, link)
	if err != nil {
		return none, err
	}
	bill, err := parseBill(file, a.SellerID)
	if err != nil {
		return none, unusable(err.Error())
	}
	return bill, nil
}

// billLink asks where the bill of a day can be downloaded within the next 30
// seconds; "" if nothing happened on that day.
func (a *account) billLink(ctx context.Context, day time.Time) (string, error) {
	var reply struct {
		URL string `json:"bill_download_url"`
	}
	_, err := a.ask(ctx, "alipay.data.dataservice.bill.downloadurl.query", billCodes, struct {
		Type string `json:"bill_type"`
		Date string `json:"bill_date"`
	}{"trade", day.Format(time.DateOnly)}, &reply)
	ready := time.Date(day.Year(), day.Month(), day.Day()+1, billReady, 0, 0, 0, china)
	switch absent := errors.Is(err, provider.ErrAbsent); {
	case (absent || errors.Is(err, provider.ErrRefused)) && a.env.Now().Before(ready):
		return "", fmt.Errorf("%w: %w", provider.ErrNotReady, err)
	case absent:
		return "", nil
	case err == nil && reply.URL == "":
		return "", unusable("the answer names no bill")
	}
	return reply.URL, err
}

// fetch downloads a bill. It is not signed: that it comes from Alipay is what TLS
// says, so a link without it is followed with it.
func (a *account) fetch(ctx context.Context, link string) ([]byte, error) {
	if rest, ok := strings.CutPrefix(link, "http://"+billHost+"/"); ok {
		link = "https://" + billHost + "/" + rest
	}
	if err := (provider.Links{Hosts: []string{billHost}, TestURL: a.env.TestURL}).Redirect(link); err != nil {
		return nil, unusable(err.Error())
	}
	req, err := http.NewRequestWithContext(provider.AllowReply(ctx, maxZip), http.MethodGet, link, nil)
	if err != nil {
		return nil, unusable("the bill's link can't be followed")
	}
	client := *a.env.HTTP
	client.Timeout = billTimeout
	resp, err := client.Do(req)
	if err != nil {
		return nil, redact(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, unusable(fmt.Sprintf("the bill's download is answered with %d", resp.StatusCode))
	}
	file, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, unusable("the bill was cut short or is too long")
	}
	return file, nil
}
