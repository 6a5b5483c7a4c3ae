package wechatpay

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// verdict is the conclusion from an error code.
type verdict struct {
	err        error             // of the contract
	failure    pay.RefundFailure // what it says of a refund
	notGranted bool              // the account may not use the product
}

var (
	paid     = verdict{err: provider.ErrPaid}
	closed   = verdict{err: provider.ErrClosed}
	absent   = verdict{err: provider.ErrAbsent}
	notReady = verdict{err: provider.ErrNotReady}
	later    = verdict{err: provider.ErrLater}
	refused  = verdict{err: provider.ErrRefused, failure: pay.FailureRefused}
	denied   = verdict{err: provider.ErrRefused, failure: pay.FailureNotPermitted, notGranted: true}
	payer    = verdict{err: provider.ErrRefused, failure: pay.FailurePayerAccount}
)

// verdicts says what WeChat Pay's error codes prove, by the tables of its
// documents on errors of ordering, closing, refunds and bills. A code that isn't
// here proves nothing, and so does every code that comes with a 5xx: the order may
// have been taken. Spelling varies between the generations of the documents (with
// and without underscores, and v2's names), so all are listed.
//
// Left out on purpose: OUT_TRADE_NO_USED and OUTTRADENOUSED (the number lives,
// perhaps with money), USERPAYING and USER_PAYING (ask), and REQUEST_BLOCKED (it
// may be let through again).
var verdicts = map[string]verdict{
	"PARAM_ERROR":             refused,
	"PARAMERROR":              refused,
	"INVALID_REQUEST":         refused,
	"INVALIDREQUEST":          refused,
	"SIGN_ERROR":              refused,
	"SIGNERROR":               refused,
	"NO_AUTH":                 denied,
	"NOAUTH":                  denied,
	"RULE_LIMIT":              refused,
	"RULELIMIT":               refused,
	"TRADE_ERROR":             refused,
	"TRADEERROR":              refused,
	"ACCOUNT_ERROR":           refused,
	"ACCOUNTERROR":            refused,
	"MCH_NOT_EXISTS":          refused,
	"MCH_NOT_EXIST":           refused,
	"MCHID_NOT_EXIST":         refused,
	"APPID_MCHID_NOT_MATCH":   refused,
	"APPID_NOT_EXIST":         refused,
	"USER_ACCOUNT_ABNORMAL":   payer,
	"USER_NOT_EXIST":          payer,
	"USER_NOT_EXISTS":         payer,
	"INVALID_TRANSACTIONID":   refused,
	"ORDERPAID":               paid,
	"ORDER_PAID":              paid,
	"ORDERCLOSED":             closed,
	"ORDER_CLOSED":            closed,
	"ORDERNOTEXIST":           absent,
	"ORDER_NOT_EXIST":         absent,
	"RESOURCE_NOT_EXISTS":     absent,
	"REFUNDNOTEXIST":          absent,
	"REFUND_NOT_EXISTS":       absent,
	"NO_STATEMENT_EXIST":      absent,
	"NOT_ENOUGH":              later, // until the merchant's balance allows the refund
	"NOTENOUGH":               later,
	"STATEMENT_CREATING":      notReady,
	"STATEMENT_CREATING_FAIL": notReady,
}

// numbered says what the error numbers at the end of Request-ID prove. They are
// finer than codes: INVALID_REQUEST stands for several of these. The zero verdict
// overrules the code: 268498688 says that the number is known with other
// parameters, so the order that it names may well be paid.
var numbered = map[string]verdict{
	"268512771": absent,
	"268449538": paid,
	"268498689": paid,
	"268447914": closed,
	"268498688": {},
}

// redact turns an error of the SDK into one that may be logged: the SDK prints
// headers and requests, net/http prints URLs, and some of those hold secrets. It
// wraps one of the contract's errors where
// the answer proves that; all else leaves the outcome unknown.
func redact(err error) error {
	if err == nil {
		return nil
	}
	if api, ok := errors.AsType[*core.APIError](err); ok {
		return judge(api)
	}
	if u, ok := errors.AsType[*unusable](err); ok {
		return fmt.Errorf("wechat pay: %w", u)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("wechat pay: no answer: %w", u.Err)
	}
	return errors.New("wechat pay: the answer can't be read")
}

func judge(api *core.APIError) error {
	detail := fmt.Sprintf("wechat pay: answer %d %s", api.StatusCode, provider.Clean(api.Code))
	if fields, ok := api.Detail.(map[string]any); ok {
		if field, ok := fields["field"].(string); ok {
			detail += " at " + provider.Clean(field)
		}
	}
	requestID := api.Header.Get(consts.RequestID)
	if requestID != "" {
		detail += ", request " + provider.Clean(requestID)
	}
	if api.StatusCode == http.StatusTooManyRequests {
		return fmt.Errorf("%s: %w", detail, &provider.Busy{RetryAfter: retryAfter(api.Header)})
	}
	switch v := verdictOf(api.StatusCode, api.Code, requestID); v.err {
	case nil:
		return errors.New(detail)
	case provider.ErrRefused:
		return fmt.Errorf("%s: %w", detail, &provider.Refusal{Code: provider.Clean(api.Code), Failure: v.failure, NotGranted: v.notGranted})
	default:
		return fmt.Errorf("%s: %w", detail, v.err)
	}
}

// retryAfter returns the pause that an answer asks for, in whole seconds; 0 for
// none.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}

// maxRetryAfter bounds how long a provider can have us wait.
const maxRetryAfter = time.Minute

func verdictOf(status int, code, requestID string) verdict {
	if status < 400 || status > 499 {
		return verdict{}
	}
	number := requestID[strings.LastIndex(requestID, "-")+1:]
	if v, ok := numbered[number]; ok {
		return v
	}
	return verdicts[code]
}
