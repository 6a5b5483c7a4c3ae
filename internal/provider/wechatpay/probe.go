package wechatpay

import (
	"context"
	"errors"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

	"morepay/internal/provider"
)

// Probe implements provider.Prober. WeChat Pay signs errors as it likes: one that it
// signs must be by the configured key.
func (a *account) Probe(ctx context.Context, outTradeNo string) (signed bool, err error) {
	_, err = a.ask(ctx, outTradeNo)
	if err == nil {
		return false, redact(&unusable{"it knows an order that nobody has made"})
	}
	if judged := queryCodes.judge(err); !errors.Is(judged, provider.ErrAbsent) {
		return false, judged
	}
	answer, ok := errors.AsType[*core.APIError](err)
	if !ok || answer.Header.Get(consts.WechatPaySignature) == "" {
		return false, nil
	}
	if err := a.verify(ctx, answer.Header, []byte(answer.Body)); err != nil {
		return false, redact(&unusable{err.Error()})
	}
	return true, nil
}
