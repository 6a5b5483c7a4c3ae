package alipay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	sdk "github.com/smartwalle/alipay/v3"

	"morepay/internal/provider"
)

// success is the gateway's code for "done". Every other one is an error, also
// where the library reports none.
const success = "10000"

// businessFailed is the gateway's code for "see sub_code".
const businessFailed = "40004"

// verdicts says what the gateway's codes prove. A code that isn't here, such as
// 20000 (unavailable) and 40005 (too often), proves nothing.
var verdicts = map[string]error{
	"20001": provider.ErrRefused, // not authorised
	"40001": provider.ErrRefused, // a parameter is missing
	"40002": provider.ErrRefused, // a parameter or the signature is wrong
	"40003": provider.ErrRefused, // a condition is not met
	"40006": provider.ErrRefused, // not permitted
}

// businessVerdicts says what sub_code proves. Left out on purpose:
// ACQ.SYSTEM_ERROR, and ACQ.CONTEXT_INCONSISTENT and
// ACQ.DISCORDANT_REPEAT_REQUEST (the number lives, with other parameters).
var businessVerdicts = map[string]error{
	"ACQ.TRADE_HAS_SUCCESS":          provider.ErrPaid,
	"ACQ.TRADE_HAS_CLOSE":            provider.ErrClosed,
	"ACQ.TRADE_NOT_EXIST":            provider.ErrAbsent,
	"ACQ.SELLER_BALANCE_NOT_ENOUGH":  provider.ErrLater, // until the merchant's balance allows the refund
	"ACQ.INVALID_PARAMETER":          provider.ErrRefused,
	"ACQ.ACCESS_FORBIDDEN":           provider.ErrRefused,
	"ACQ.EXIST_FORBIDDEN_WORD":       provider.ErrRefused,
	"ACQ.PARTNER_ERROR":              provider.ErrRefused,
	"ACQ.TOTAL_FEE_EXCEED":           provider.ErrRefused,
	"ACQ.BUYER_SELLER_EQUAL":         provider.ErrRefused,
	"ACQ.TRADE_BUYER_NOT_MATCH":      provider.ErrRefused,
	"ACQ.TRADE_STATUS_ERROR":         provider.ErrRefused,
	"ACQ.TRADE_HAS_FINISHED":         provider.ErrRefused,
	"ACQ.TRADE_NOT_ALLOW_REFUND":     provider.ErrRefused,
	"ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": provider.ErrRefused,
	"ACQ.REFUND_FEE_ERROR":           provider.ErrRefused,
}

// request is one call of the gateway. Its content goes out as it is.
type request struct {
	sdk.AuxParam
	method  string
	params  map[string]string // beside the content: where to notify and return to
	content json.RawMessage
}

// APIName implements sdk.Param.
func (r request) APIName() string { return r.method }

// Params implements sdk.Param.
func (r request) Params() map[string]string { return r.params }

// MarshalJSON implements json.Marshaler: the library asks for the content by it.
func (r request) MarshalJSON() ([]byte, error) { return r.content, nil }

// call sends a request and decodes the verified reply into out. The raw reply is
// returned too. A signed failure is no error to the library, but is one here.
func (a *account) call(ctx context.Context, r request, out any) (raw []byte, err error) {
	var body json.RawMessage
	if err := a.client.Request(ctx, r, &body); err != nil {
		return nil, redact(err)
	}
	var head struct {
		Code    string `json:"code"`
		SubCode string `json:"sub_code"`
	}
	if json.Unmarshal(body, &head) != nil {
		return nil, errUnreadable
	}
	if head.Code != success {
		return nil, judge(head.Code, head.SubCode)
	}
	if json.Unmarshal(body, out) != nil {
		return nil, errUnreadable
	}
	return body, nil
}

// ask is call with content that need not be kept.
func (a *account) ask(ctx context.Context, method string, content, out any) ([]byte, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	return a.call(ctx, request{method: method, content: raw}, out)
}

var errUnreadable = errors.New("alipay: the answer can't be read")

// redact turns an error of the library into one that may be logged: Alipay's
// prose repeats what it was sent. It wraps one of the contract's errors where
// the answer proves that; all else leaves the outcome unknown.
func redact(err error) error {
	if answer, ok := errors.AsType[*sdk.Error](err); ok && answer != nil {
		return judge(string(answer.Code), answer.SubCode)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("alipay: no answer: %w", u.Err)
	}
	return errUnreadable
}

func judge(code, subCode string) error {
	detail := fmt.Sprintf("alipay: answer %s %s", provider.Clean(code), provider.Clean(subCode))
	verdict := verdicts[code]
	if code == businessFailed {
		verdict = businessVerdicts[subCode]
	}
	if verdict == nil {
		return errors.New(detail) // also an unsigned success
	}
	return fmt.Errorf("%s: %w", detail, verdict)
}
