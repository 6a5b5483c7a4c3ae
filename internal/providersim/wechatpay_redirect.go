package providersim

import (
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"time"
)

const abnormalRefundPath = "/v3/refund/domestic/refunds/{reference}/apply-abnormal-refund"

var redirectSchema = schema{
	{path: "sub_mchid", be: isText(1, 32)},
	{path: "out_refund_no", need: everyProduct, be: isLike(`^[0-9A-Za-z_\-|*@]{1,64}$`)},
	{path: "type", need: everyProduct, be: isOneOf("USER_BANK_CARD", "MERCHANT_BANK_CARD")},
	{path: "bank_type", be: isText(1, 128)},
	{path: "bank_account", be: isText(1, 1024)},
	{path: "real_name", be: isText(1, 1024)},
}

// redirection is the account to which a stuck refund was sent on.
type redirection struct {
	card string // the payer's, its number in the open; "" for the merchant's own account
}

func (to *redirection) channel() string {
	if to == nil {
		return "ORIGINAL"
	}
	return "OTHER_BANKCARD"
}

// account says where the money is, as statements do.
func (to *redirection) account() string {
	switch {
	case to == nil:
		return "支付用户零钱"
	case to.card == "":
		return "商户结算银行账户"
	}
	return "银行卡" + to.card[max(0, len(to.card)-4):]
}

// redirectRefund sends a refund that the payer's account could not take to another
// one.
func redirectRefund(s *Sim, c *wechatCall) (any, error) {
	v, _, err := redirectSchema.decode(c.body, Native)
	if err != nil {
		return nil, err
	}
	if err := c.checkSub("body", v.text("sub_mchid")); err != nil {
		return nil, err
	}
	c.number = ""
	for _, o := range s.books.orders {
		r := o.findRefund(v.text("out_refund_no"))
		if r == nil || o.account != c.merchant || r.id != c.r.PathValue("reference") {
			continue
		}
		c.number = o.number
		if !r.isStuck(c.now) {
			return nil, errRefundNotStuck
		}
		if r.redirected, err = c.redirection(v, s.options.Now()); err != nil {
			return nil, err
		}
		r.settles, r.stuck = c.now.Add(s.options.RefundAfter), 0
		s.tellRefund(o, r, r.settles)
		return c.merchant.refundReply(o, r, c.now), nil
	}
	return nil, errNoRefund
}

// redirection reads what only WeChat Pay can: the payer's account and name are
// encrypted with its public key, which the header names.
func (c *wechatCall) redirection(v values, at time.Time) (*redirection, error) {
	if v.text("type") == "MERCHANT_BANK_CARD" {
		return &redirection{}, nil
	}
	for _, path := range []string{"bank_type", "bank_account", "real_name"} {
		if v.text(path) == "" {
			return nil, errRequest.at("body", pointer(path), "", "缺少必填参数")
		}
	}
	if c.r.Header.Get("Wechatpay-Serial") == "" {
		return nil, errRequest.at("header", "Wechatpay-Serial", c.r.Header.Get("Wechatpay-Serial"), "不是加密所用的公钥ID")
	}
	card, err := c.decrypt(v, "bank_account", at)
	if err != nil {
		return nil, err
	}
	if _, err := c.decrypt(v, "real_name", at); err != nil {
		return nil, err
	}
	return &redirection{card: card}, nil
}

func (c *wechatCall) decrypt(v values, path string, at time.Time) (string, error) {
	sealed, err := base64.StdEncoding.DecodeString(v.text(path))
	if err != nil {
		return "", errRequest.at("body", pointer(path), "", "不是base64")
	}
	by, _ := c.merchant.signerNamed(c.r.Header.Get("Wechatpay-Serial"), at)
	plain, err := rsa.DecryptOAEP(sha1.New(), nil, by.key, sealed, nil)
	if err != nil || len(plain) == 0 {
		return "", errRequest.at("body", pointer(path), "", "解密失败")
	}
	return string(plain), nil
}
