package wechatpay_test

import (
	"errors"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// A code that is not in the call's own table is for a person to look up; one that is
// known to prove nothing, and an answer that is not WeChat Pay's, are not.
func TestStrangeCodes(t *testing.T) {
	t.Parallel()
	calls := map[string]func(provider.Provider) error{
		"order": func(p provider.Provider) error {
			request, err := p.Request(order(pay.RailQR))
			if err != nil {
				return err
			}
			_, err = p.Start(t.Context(), pay.RailQR, request)
			return err
		},
		"query": func(p provider.Provider) error {
			_, err := p.Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
			return err
		},
		"close": func(p provider.Provider) error {
			_, err := p.(provider.Closer).Close(t.Context(), provider.CloseOrder{OutTradeNo: number})
			return err
		},
		"refund": func(p provider.Provider) error {
			_, err := p.(provider.Refunder).Refund(t.Context(), refundOrder())
			return err
		},
		"refund-query": func(p provider.Provider) error {
			_, err := p.(provider.Refunder).QueryRefund(t.Context(), refundOrder())
			return err
		},
		"bill": func(p provider.Provider) error {
			_, err := p.(provider.Biller).Bill(t.Context(), now)
			return err
		},
	}
	for name, call := range calls {
		for code, c := range map[string]struct {
			status  int
			strange bool
		}{
			"SOMETHING_NEW": {400, true}, "STATEMENT_CREATING": {400, name != "bill"}, "OUT_TRADE_NO_USED": {403, name != "order"},
			"USERPAYING": {400, name != "close"}, "NOT_ENOUGH": {403, name != "order" && name != "refund"},
			"REQUEST_BLOCKED": {403, false}, "PARAM_ERROR": {400, false}, "": {404, false}, "SYSTEM_ERROR": {500, false}, "NEW_TROUBLE": {500, false},
		} {
			w := newWire(t, always(answer{status: c.status, body: `{"code":"` + code + `"}`}))
			err := call(open(t, w.URL, nil))
			strange, ok := errors.AsType[*provider.Strange](err)
			if err == nil || ok != c.strange || ok && strange.Code != code {
				t.Errorf("%s, %d %s: got %v", name, c.status, code, err)
			}
		}
	}
}
