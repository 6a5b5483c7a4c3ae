package wechatpay

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

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
// an empty one, but only once bills of that day exist.
func (a *account) Bill(ctx context.Context, day time.Time) (provider.Bill, error) {
	none := provider.Bill{}
	ctx, cancel := context.WithTimeout(ctx, billTimeout)
	defer cancel()
	year, month, date := day.In(china).Date()
	query := url.Values{"bill_date": {fmt.Sprintf("%04d-%02d-%02d", year, month, date)}, "bill_type": {"ALL"}}
	if a.isPartner() {
		query.Set("sub_mchid", a.SubMchID)
	}
	result, err := a.client.Get(ctx, consts.WechatPayAPIServer+"/v3/bill/tradebill?"+query.Encode())
	if err := billCodes.judge(err); err != nil {
		ready := time.Date(year, month, date+1, billReady, 0, 0, 0, china)
		switch {
		case !errors.Is(err, provider.ErrAbsent):
			return none, err
		case a.env.Now().Before(ready):
			return none, fmt.Errorf("%w: %w", provider.ErrNotReady, err)
		}
		return none, nil
	}
	var link billLink
	if err := core.UnMarshalResponse(result.Response, &link); err != nil {
		return none, redact(err)
	}
	file, err := a.fetch(ctx, link)
	if err != nil {
		return none, redact(err)
	}
	bill, err := parseBill(file, a.owner())
	if err != nil {
		return none, redact(&unusable{err.Error()})
	}
	return bill, nil
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
