package wechatpay

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

	"morepay/internal/provider"
)

// verdicts says what WeChat Pay's error codes prove. A code that isn't here
// proves nothing, and so does every code that comes with a 5xx or 429: the order
// may have been taken. Spelling varies between the generations of its
// documentation, so both are listed.
//
// Left out on purpose: OUT_TRADE_NO_USED (the number lives, perhaps with money)
// and the rate limits.
var verdicts = map[string]error{
	"PARAM_ERROR":             provider.ErrRefused,
	"INVALID_REQUEST":         provider.ErrRefused,
	"SIGN_ERROR":              provider.ErrRefused,
	"NO_AUTH":                 provider.ErrRefused,
	"NOAUTH":                  provider.ErrRefused,
	"RULE_LIMIT":              provider.ErrRefused,
	"RULELIMIT":               provider.ErrRefused,
	"TRADE_ERROR":             provider.ErrRefused,
	"ACCOUNT_ERROR":           provider.ErrRefused,
	"ACCOUNTERROR":            provider.ErrRefused,
	"MCH_NOT_EXISTS":          provider.ErrRefused,
	"MCHID_NOT_EXIST":         provider.ErrRefused,
	"APPID_MCHID_NOT_MATCH":   provider.ErrRefused,
	"APPID_NOT_EXIST":         provider.ErrRefused,
	"USER_ACCOUNT_ABNORMAL":   provider.ErrRefused,
	"INVALID_TRANSACTIONID":   provider.ErrRefused,
	"ORDERPAID":               provider.ErrPaid,
	"ORDER_PAID":              provider.ErrPaid,
	"ORDERCLOSED":             provider.ErrClosed,
	"ORDER_CLOSED":            provider.ErrClosed,
	"ORDERNOTEXIST":           provider.ErrAbsent,
	"ORDER_NOT_EXIST":         provider.ErrAbsent,
	"RESOURCE_NOT_EXISTS":     provider.ErrAbsent,
	"NO_STATEMENT_EXIST":      provider.ErrAbsent,
	"NOT_ENOUGH":              provider.ErrLater, // until the merchant's balance allows the refund
	"STATEMENT_CREATING":      provider.ErrNotReady,
	"STATEMENT_CREATING_FAIL": provider.ErrNotReady,
}

// numbered says what the error numbers at the end of Request-ID prove. They are
// finer than codes: INVALID_REQUEST stands for several of these. Nil overrules
// the code: 268498688 says that the number is known with other parameters, so
// the order that it names may well be paid.
var numbered = map[string]error{
	"268512771": provider.ErrAbsent,
	"268449538": provider.ErrPaid,
	"268498689": provider.ErrPaid,
	"268447914": provider.ErrClosed,
	"268498688": nil,
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
	if verdict := verdictOf(api.StatusCode, api.Code, requestID); verdict != nil {
		return fmt.Errorf("%s: %w", detail, verdict)
	}
	return errors.New(detail)
}

func verdictOf(status int, code, requestID string) error {
	if status < 400 || status > 499 || status == 429 {
		return nil
	}
	number := requestID[strings.LastIndex(requestID, "-")+1:]
	if verdict, ok := numbered[number]; ok {
		return verdict
	}
	return verdicts[code]
}
