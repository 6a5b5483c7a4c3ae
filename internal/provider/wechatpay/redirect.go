package wechatpay

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// redirection is the request to send a stuck refund to another account. The SDK has
// no type for it.
type redirection struct {
	Merchant string `json:"sub_mchid,omitempty"` // in partner mode
	Number   string `json:"out_refund_no"`
	Type     string `json:"type"`
	Bank     string `json:"bank_type,omitempty"`
	Account  string `json:"bank_account,omitempty"` // encrypted, as the holder's name is
	Holder   string `json:"real_name,omitempty"`
}

// Where a stuck refund may go.
const (
	toPayersCard       = "USER_BANK_CARD"
	toMerchantsAccount = "MERCHANT_BANK_CARD"
)

var (
	bankForm       = regexp.MustCompile(`^[A-Z0-9_]{1,32}$`)
	cardNumberForm = regexp.MustCompile(`^[0-9]{8,30}$`)
)

// maxHolder is the longest name, in bytes: what is encrypted must fit the key.
const maxHolder = 190

func checkCard(c *provider.BankCard) error {
	switch {
	case !bankForm.MatchString(c.Bank):
		return pay.Errorf(pay.CodeInvalid, "card.bank", "must be WeChat Pay's code of the bank, such as ICBC_DEBIT")
	case !cardNumberForm.MatchString(c.Number):
		return pay.Errorf(pay.CodeInvalid, "card.number", "must be 8 to 30 digits")
	case strings.TrimSpace(c.Holder) == "" || len(c.Holder) > maxHolder:
		return pay.Errorf(pay.CodeInvalid, "card.holder", "must be the name of who owns the account")
	}
	return nil
}

// RedirectRefund implements provider.AbnormalRefunder. WeChat Pay knows a stuck
// refund by its own number, so it is asked for that first.
func (a *account) RedirectRefund(ctx context.Context, r provider.RefundOrder, card *provider.BankCard) (pay.Evidence, error) {
	request, err := a.redirection(ctx, r, card)
	if err != nil {
		return pay.Evidence{}, err
	}
	stuck, err := a.QueryRefund(ctx, r)
	if err != nil || stuck.Returned.Failure != pay.FailurePayerAccount {
		return stuck, err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return pay.Evidence{}, err
	}
	result, err := a.client.Post(ctx, consts.WechatPayAPIServer+"/v3/refund/domestic/refunds/"+url.PathEscape(stuck.Returned.Reference)+"/apply-abnormal-refund", body)
	if err != nil {
		return pay.Evidence{}, refundCodes.judge(err)
	}
	var reply refunddomestic.Refund
	if err := core.UnMarshalResponse(result.Response, &reply); err != nil {
		return pay.Evidence{}, redact(err)
	}
	return a.refundEvidence(&reply, result, r)
}

func (a *account) redirection(ctx context.Context, r provider.RefundOrder, card *provider.BankCard) (redirection, error) {
	if card == nil {
		return redirection{Merchant: a.SubMchID, Number: r.Number, Type: toMerchantsAccount}, nil
	}
	if err := checkCard(card); err != nil {
		return redirection{}, err
	}
	_, key, err := a.keys.current(ctx)
	if err != nil {
		return redirection{}, redact(err)
	}
	number, err := utils.EncryptOAEPWithPublicKey(card.Number, key)
	if err != nil {
		return redirection{}, redact(err)
	}
	holder, err := utils.EncryptOAEPWithPublicKey(card.Holder, key)
	if err != nil {
		return redirection{}, redact(err)
	}
	return redirection{Merchant: a.SubMchID, Number: r.Number, Type: toPayersCard, Bank: card.Bank, Account: number, Holder: holder}, nil
}
