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

// request is one call of the gateway. Its content goes out as it is.
type request struct {
	sdk.AuxParam
	method  string
	codes   codes             // what its failures prove
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
	if err := a.client.Request(ctx, a.acting(r), &body); err != nil {
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
		return nil, judge(r.codes, head.Code, head.SubCode)
	}
	if json.Unmarshal(body, out) != nil {
		return nil, errUnreadable
	}
	return body, nil
}

// ask does what call does, with content that need not be kept.
func (a *account) ask(ctx context.Context, method string, table codes, content, out any) ([]byte, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	return a.call(ctx, request{method: method, codes: table, content: raw}, out)
}

var errUnreadable = errors.New("alipay: the answer can't be read")

// redact turns an error of the library into one that may be logged: Alipay's
// prose repeats what it was sent. Whatever error the library gives, no signature of
// it was checked: it leaves the outcome unknown.
func redact(err error) error {
	if answer, ok := errors.AsType[*sdk.Error](err); ok && answer != nil {
		return fmt.Errorf("alipay: unsigned answer %s %s", provider.Clean(string(answer.Code)), provider.Clean(answer.SubCode))
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("alipay: no answer: %w", u.Err)
	}
	return errUnreadable
}

// judge turns a verified failure into an error that wraps one of the contract's
// where the code proves that; all else leaves the outcome unknown.
func judge(table codes, code, subCode string) error {
	detail := fmt.Sprintf("alipay: answer %s %s", provider.Clean(code), provider.Clean(subCode))
	v := gatewayVerdicts[code]
	if code == businessFailed {
		v = table[subCode]
	}
	switch {
	case v.err == provider.ErrRefused:
		return fmt.Errorf("%s: %w", detail, &provider.Refusal{Code: provider.Clean(subCode), Failure: v.failure, NotGranted: v.notGranted})
	case v.err != nil:
		return fmt.Errorf("%s: %w", detail, v.err)
	case code == tooOften:
		return fmt.Errorf("%s: %w", detail, &provider.Busy{})
	case code == businessFailed && !unsettled(subCode):
		return fmt.Errorf("%s: %w", detail, &provider.Strange{Code: provider.Clean(subCode)})
	}
	return errors.New(detail)
}

// tooOften is the gateway's code for "asked too often".
const tooOften = "40005"
