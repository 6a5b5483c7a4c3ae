package wechatpay

import (
	"errors"
	"fmt"
	"maps"
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
	unsure   = verdict{}
)

// codes says what each error code of one call proves, by that call's table in WeChat
// Pay's documents: the same code may mean another thing in another call. Spelling
// varies between the generations of the documents (with and without underscores,
// and v2's names), so all are listed. Whatever comes with a 5xx proves nothing: the
// order may have been taken.
type codes map[string]verdict

// common are the codes that stand in every table and mean the same. Those that are
// unsure are known and prove nothing: only asking tells.
var common = codes{
	"PARAM_ERROR":           refused,
	"PARAMERROR":            refused,
	"INVALID_REQUEST":       refused,
	"INVALIDREQUEST":        refused,
	"SIGN_ERROR":            refused,
	"SIGNERROR":             refused,
	"NO_AUTH":               denied,
	"NOAUTH":                denied,
	"RULE_LIMIT":            refused,
	"RULELIMIT":             refused,
	"TRADE_ERROR":           refused,
	"TRADEERROR":            refused,
	"ACCOUNT_ERROR":         refused,
	"ACCOUNTERROR":          refused,
	"MCH_NOT_EXISTS":        refused,
	"MCH_NOT_EXIST":         refused,
	"MCHID_NOT_EXIST":       refused,
	"APPID_MCHID_NOT_MATCH": refused,
	"APPID_NOT_EXIST":       refused,
	"REQUEST_BLOCKED":       unsure, // it may be let through again
	"SYSTEM_ERROR":          unsure,
	"SYSTEMERROR":           unsure,
	"BANK_ERROR":            unsure,
	"BANKERROR":             unsure,
}

func with(own codes) codes {
	all := maps.Clone(common)
	maps.Copy(all, own)
	return all
}

var (
	// of the three prepays
	orderCodes = with(codes{
		"ORDERPAID":             paid,
		"ORDER_PAID":            paid,
		"ORDERCLOSED":           closed,
		"ORDER_CLOSED":          closed,
		"USER_ACCOUNT_ABNORMAL": payer,
		"USER_NOT_EXIST":        payer,
		"USER_NOT_EXISTS":       payer,
		"OUT_TRADE_NO_USED":     unsure, // the number lives, perhaps with money
		"OUTTRADENOUSED":        unsure,
		"NOT_ENOUGH":            unsure, // the payer's balance; they may take another card
		"NOTENOUGH":             unsure,
	})

	// of asking about an order
	queryCodes = with(codes{
		"ORDERNOTEXIST":       absent,
		"ORDER_NOT_EXIST":     absent,
		"RESOURCE_NOT_EXISTS": absent,
	})

	closeCodes = with(codes{
		"ORDERPAID":           paid,
		"ORDER_PAID":          paid,
		"ORDERCLOSED":         closed,
		"ORDER_CLOSED":        closed,
		"ORDERNOTEXIST":       absent,
		"ORDER_NOT_EXIST":     absent,
		"RESOURCE_NOT_EXISTS": absent,
		"USERPAYING":          unsure,
		"USER_PAYING":         unsure,
	})

	// of refunds, and of sending stuck ones to another account. What is absent is
	// the payment, or the stuck refund.
	refundCodes = with(codes{
		"NOT_ENOUGH":            later, // until the merchant's balance allows the refund
		"NOTENOUGH":             later,
		"SIGN_ERROR":            unsure, // our clock or key is wrong: the refund is due when that is mended
		"SIGNERROR":             unsure,
		"USER_ACCOUNT_ABNORMAL": payer,
		"USER_NOT_EXIST":        payer,
		"USER_NOT_EXISTS":       payer,
		"INVALID_TRANSACTIONID": refused,
		"ORDERNOTEXIST":         refused,
		"ORDER_NOT_EXIST":       refused,
		"RESOURCE_NOT_EXISTS":   refused,
	})

	// of asking about a refund
	refundQueryCodes = with(codes{
		"REFUNDNOTEXIST":      absent,
		"REFUND_NOT_EXISTS":   absent,
		"RESOURCE_NOT_EXISTS": absent,
	})

	billCodes = with(codes{
		"NO_STATEMENT_EXIST":      absent,
		"STATEMENT_CREATING":      notReady,
		"STATEMENT_CREATING_FAIL": notReady,
	})
)

// numbered says what the error numbers at the end of Request-ID prove. They are
// finer than codes: INVALID_REQUEST stands for several of these. One that is
// unsure overrules the code: 268498688 says that the number is known with other
// parameters, so the order that it names may well be paid.
var numbered = map[string]verdict{
	"268512771": absent,
	"268449538": paid,
	"268498689": paid,
	"268447914": closed,
	"268498688": unsure,
}

// redact turns an error of the SDK into one that may be logged: the SDK prints
// headers and requests, net/http prints URLs, and some of those hold secrets. It
// leaves the outcome unknown.
func redact(err error) error {
	if u, ok := errors.AsType[*unusable](err); ok {
		return fmt.Errorf("wechat pay: %w", u)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("wechat pay: no answer: %w", u.Err)
	}
	return errors.New("wechat pay: the answer can't be read")
}

// judge turns the error of a call, nil included, into one that may be logged. It
// wraps one of the contract's errors where the answer proves that.
func (c codes) judge(err error) error {
	if err == nil {
		return nil
	}
	api, ok := errors.AsType[*core.APIError](err)
	if !ok {
		return redact(err)
	}
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
	v, known := c.verdict(api.StatusCode, api.Code, requestID)
	switch {
	case !known:
		return fmt.Errorf("%s: %w", detail, &provider.Strange{Code: provider.Clean(api.Code)})
	case v.err == nil:
		return errors.New(detail)
	case v.err == provider.ErrRefused:
		return fmt.Errorf("%s: %w", detail, &provider.Refusal{Code: provider.Clean(api.Code), Failure: v.failure, NotGranted: v.notGranted})
	}
	return fmt.Errorf("%s: %w", detail, v.err)
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

// verdict returns what an answer proves, and reports whether we know its code. An
// answer without one is not WeChat Pay's: there is nothing to look up.
func (c codes) verdict(status int, code, requestID string) (v verdict, known bool) {
	if status < 400 || status > 499 {
		return unsure, true
	}
	number := requestID[strings.LastIndex(requestID, "-")+1:]
	if v, ok := numbered[number]; ok {
		return v, true
	}
	v, known = c[code]
	return v, known || code == ""
}
