package unionpay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"morepay/internal/provider"
)

// The gateway's addresses.
const (
	frontPath = "/gateway/api/frontTransReq.do"
	backPath  = "/gateway/api/backTransReq.do"
	queryPath = "/gateway/api/queryTrans.do"
)

// request makes a signed message out of what every one has and of what this one has.
func (a *account) request(own message) (message, error) {
	m := message{
		"version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0",
		"merId": a.MerID, "certId": certID(a.own),
	}
	if a.AcqInsCode != "" {
		m["accessType"], m["acqInsCode"] = "1", a.AcqInsCode
	}
	maps.Copy(m, own)
	return m, m.sign(a.key)
}

// call posts a form and returns the verified answer, with its text. The answer must be of
// this merchant.
func (a *account) call(ctx context.Context, path, form string) (answer message, text string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.origin+path, strings.NewReader(form))
	if err != nil {
		return nil, "", unusable("the request can't be made")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	resp, err := a.env.HTTP.Do(request)
	if err != nil {
		return nil, "", redact(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, "", unusable("the answer was cut short or is too long")
	}
	if resp.StatusCode != http.StatusOK {
		return nil, "", unusable(fmt.Sprintf("answer %d", resp.StatusCode))
	}
	if answer, err = parseAnswer(string(raw)); err != nil {
		return nil, "", unusable("the answer can't be read: " + err.Error())
	}
	if err := a.chain.verify(answer, a.env.Now()); err != nil {
		return nil, "", unusable("the answer can't be trusted: " + err.Error())
	}
	return answer, string(raw), nil
}

// concerns reports whether an answer is about what was asked.
func (a *account) concerns(answer message, orderID, txnTime string) bool {
	return answer["merId"] == a.MerID && answer["orderId"] == orderID && answer["txnTime"] == txnTime
}

// unusable returns the error of an answer that proves nothing. The text is ours and safe to log.
func unusable(reason string) error { return errors.New("unionpay: " + reason) }

// redact keeps addresses, which net/http prints, out of the log.
func redact(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("unionpay: no answer: %w", u.Err)
	}
	return unusable("no answer")
}

func forged(err error) error { return fmt.Errorf("unionpay: %w: %w", provider.ErrForged, err) }
