package checkout_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/wechatpay"
	"morepay/internal/providersim"
)

const (
	weChatPayment = `{"mchid":"1900000001","appid":"wx0000000000000001","out_trade_no":"mpC0RPUS000000000000000000000001","transaction_id":"4200000000202611280000000001","trade_type":"NATIVE","trade_state":"SUCCESS","trade_state_desc":"支付成功","bank_type":"OTHERS","attach":"at_C0RPUS000000000000000000","success_time":"2026-11-28T10:34:56+08:00","payer":{"openid":"oCORPUS0000000000000000000001"},"amount":{"total":5980,"payer_total":5980,"currency":"CNY","payer_currency":"CNY"}}`
	weChatRefund  = `{"mchid":"1900000001","out_trade_no":"mpC0RPUS000000000000000000000001","transaction_id":"4200000000202611280000000001","out_refund_no":"mpC0RPUSREFUND000000000000000001","refund_id":"50300000002026112800000000001","refund_status":"SUCCESS","success_time":"2026-11-28T11:00:00+08:00","user_received_account":"支付用户零钱","amount":{"total":5980,"refund":2000,"payer_total":5980,"payer_refund":2000}}`

	// What is told in the form of API v2 has no head that could be checked.
	weChatOldRefund = `<xml><return_code>SUCCESS</return_code><appid>wx0000000000000001</appid><mch_id>1900000001</mch_id><nonce_str>C0RPUS0n0nce</nonce_str><req_info>QzBSUFVT</req_info></xml>`

	corpusAPIv3Key    = "C0RPUSc0rpusC0RPUSc0rpusC0RPUS12"
	corpusPublicKeyID = "PUB_KEY_ID_0119000000012026112800000001"
)

// w1 is the notification of a payment, w20 that of a refund.
func w1(differs ...string) message {
	return message{text: weChatPayment, differs: differs, event: "TRANSACTION.SUCCESS"}
}

func w20(differs ...string) message {
	return message{text: weChatRefund, differs: differs, event: "REFUND.SUCCESS"}
}

func w21() message {
	return w20(`"SUCCESS"`, `"ABNORMAL"`, `"success_time":"2026-11-28T11:00:00+08:00",`, ``).as("REFUND.ABNORMAL")
}

func (m message) as(event string) message {
	m.event = event
	return m
}

func (m message) spoiled(spoil func(http.Header)) message {
	m.spoil = spoil
	return m
}

func setHeader(name, value string) func(http.Header) {
	return func(h http.Header) { h.Set(name, value) }
}

var weChatRows = []corpusRow{
	{name: "W1", message: w1()},
	{name: "W2-coupon", message: w1(`"payer_total":5980`, `"payer_total":5480`, `"payer_currency":"CNY"}`, `"payer_currency":"CNY"},"promotion_detail":[{"coupon_id":"1","name":"立减","scope":"GLOBAL","type":"NOCASH","amount":500,"stock_id":"2","wechatpay_contribute":500,"merchant_contribute":0,"other_contribute":0,"currency":"CNY","goods_detail":[]}]`)},
	{name: "W3-coupon-for-all", message: w1(`"payer_total":5980`, `"payer_total":0`)},
	{name: "W4-no-payer", message: w1(`"NATIVE"`, `"JSAPI"`, `{"openid":"oCORPUS0000000000000000000001"}`, `null`)},
	{name: "W5-again", message: w1(), before: []message{w1()}},
	{name: "W6-no-app", message: w1(`"appid":"wx0000000000000001",`, ``), answer: pay.CodeInternal, result: "unusable", unpaid: true},
	{name: "W7-no-currency", message: w1(`"currency":"CNY",`, ``), answer: pay.CodeInternal, result: "unusable", unpaid: true},
	{name: "W8-other-app", message: w1(`wx0000000000000001`, `wx0000000000000009`), unpaid: true, quarantined: 1},
	{name: "W9-went-back", message: w1(`"SUCCESS"`, `"REFUND"`), quarantined: 1}, // until somebody knows how much
	{name: "W10-payment-code", message: w1(`"SUCCESS"`, `"REVOKED"`), answer: pay.CodeInternal, result: "unusable", unpaid: true},
	{name: "W11-closed-late", message: w1(`"SUCCESS"`, `"CLOSED"`, `"transaction_id":"4200000000202611280000000001",`, ``, `"success_time":"2026-11-28T10:34:56+08:00",`, ``), before: []message{w1()}},
	{name: "W12-probe", message: w1().spoiled(setHeader("Wechatpay-Signature", "WECHATPAY/SIGNTEST/C0RPUS")), answer: pay.CodeUnauthorized, result: "forged", unpaid: true},
	{name: "W13-certificate", message: w1().spoiled(setHeader("Wechatpay-Serial", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1")), answer: pay.CodeUnauthorized, result: "unknown_key", unpaid: true},
	{name: "W14-old", message: w1().spoiled(setHeader("Wechatpay-Timestamp", fmt.Sprint(providertest.Now.Add(-301*time.Second).Unix()))), answer: pay.CodeUnauthorized, result: "forged", unpaid: true},
	{name: "W15-other-product", message: w1().as("PAYSCORE.USER_PAID"), result: "ignored", unpaid: true},
	{name: "W16-service-provider", message: w1(
		`"mchid":"1900000001","appid":"wx0000000000000001"`, `"sp_appid":"wx0000000000000002","sp_mchid":"1900000002","sub_appid":"wx0000000000000003","sub_mchid":"1900000077"`,
		`{"openid":"oCORPUS0000000000000000000001"}`, `{"sp_openid":"oCORPUS0000000000000000000002","sub_openid":"oCORPUS0000000000000000000003"}`,
	), unpaid: true, quarantined: 1},
	{name: "W20", message: w20(), before: []message{w1()}, refund: 2000, refunds: []string{"merchant 2000 CNY succeeded "}},
	{name: "W21-abnormal", message: w21(), before: []message{w1()}, refund: 2000, refunds: []string{"merchant 2000 CNY pending payer_account"}, alarm: true},
	{name: "W23-closed", message: w20(`"SUCCESS"`, `"CLOSED"`, `"success_time":"2026-11-28T11:00:00+08:00",`, ``).as("REFUND.CLOSED"), before: []message{w1()}, refund: 2000, refunds: []string{"merchant 2000 CNY failed closed"}},
	{name: "W24-other-sum", message: w20(`"refund":2000`, `"refund":1`, `"payer_refund":2000`, `"payer_refund":1`), before: []message{w1()}, refund: 2000, refunds: []string{"merchant 2000 CNY pending "}, quarantined: 1},
	{name: "W25-console", message: w20(corpusRefund, "50000000202611280001"), before: []message{w1()}, refund: 2000, refunds: []string{"merchant 2000 CNY pending ", "provider 2000 CNY succeeded "}},
	{name: "W26-service-provider", message: w20(`"mchid":"1900000001"`, `"sp_mchid":"1900000002","sub_mchid":"1900000077"`), before: []message{w1()}, refund: 2000, refunds: []string{"merchant 2000 CNY pending "}, quarantined: 1},
	{name: "W27-no-number", message: w20(`"out_refund_no":"mpC0RPUSREFUND000000000000000001",`, ``), before: []message{w1()}, refund: 2000, answer: pay.CodeInternal, result: "unusable", refunds: []string{"merchant 2000 CNY pending "}},
	{name: "W28-coupon", message: w20(`"payer_total":5980`, `"payer_total":5480`, `"payer_refund":2000`, `"payer_refund":1833`), before: []message{w1()}, refund: 2000, refunds: []string{"merchant 2000 CNY succeeded "}},
	{name: "W29-old-form", message: message{text: weChatOldRefund}, before: []message{w1()}, answer: pay.CodeUnauthorized, result: "uncheckable"},
}

// TestWeChatPayMessages reads WeChat Pay's messages in the form in which they are sent.
func TestWeChatPayMessages(t *testing.T) {
	t.Parallel()
	tryCorpus(t, weChatRows, newWeChatReader)
}

// What WeChat Pay says next about a refund that the payer's account could not take.
func TestAbnormalIsNotTheEnd(t *testing.T) {
	t.Parallel()
	r := newWeChatReader(newFixture(t))
	r.try(corpusRow{name: "W21", message: w21(), before: []message{w1()}, refund: 2000, refunds: []string{"merchant 2000 CNY pending payer_account"}, alarm: true})
	r.try(corpusRow{name: "W22", message: w20(), refunds: []string{"merchant 2000 CNY succeeded "}})
}

// The words of a statement about an order of a service provider, and those of a direct
// merchant in whose place they stand.
const (
	corpusDirect  = `"mchid":"1900000001","appid":"wx0000000000000001"`
	corpusPartner = `"sp_appid":"wx0000000000000002","sp_mchid":"1900000002","sub_appid":"wx0000000000000001","sub_mchid":"1900000001"`
)

// partnerPaid is W16, about the attempt's own merchant and app under a service provider.
func partnerPaid(differs ...string) message {
	return w1(append([]string{
		corpusDirect, corpusPartner, `{"openid":"oCORPUS0000000000000000000001"}`,
		`{"sp_openid":"oCORPUS0000000000000000000002","sub_openid":"oCORPUS0000000000000000000003"}`,
	}, differs...)...)
}

// partnerBack is W26.
func partnerBack(differs ...string) message {
	return w20(append([]string{`"mchid":"1900000001"`, `"sp_mchid":"1900000002","sub_mchid":"1900000001"`}, differs...)...)
}

var weChatPartnerRows = []corpusRow{
	{name: "W16", message: partnerPaid()},
	{name: "W16-other-merchant", message: partnerPaid(`"sub_mchid":"1900000001"`, `"sub_mchid":"1900000077"`), unpaid: true, quarantined: 1},
	{name: "W16-other-provider", message: partnerPaid(`"sp_mchid":"1900000002"`, `"sp_mchid":"1900000003"`), unpaid: true, quarantined: 1},
	{name: "W16-other-app", message: partnerPaid(`"sub_appid":"wx0000000000000001"`, `"sub_appid":"wx0000000000000003"`), unpaid: true, quarantined: 1},
	{name: "W16-app-of-another-provider", message: partnerPaid(`"sp_appid":"wx0000000000000002"`, `"sp_appid":"wx0000000000000009"`), unpaid: true, quarantined: 1},
	{name: "W16-no-merchant", message: partnerPaid(`,"sub_mchid":"1900000001"`, ``), answer: pay.CodeInternal, result: "unusable", unpaid: true},
	{name: "W16-no-provider", message: partnerPaid(`,"sp_mchid":"1900000002"`, ``), answer: pay.CodeInternal, result: "unusable", unpaid: true},
	{name: "W1-without-the-provider", message: w1(), unpaid: true, quarantined: 1},
	{name: "W26", message: partnerBack(), before: []message{partnerPaid()}, refund: 2000, refunds: []string{"merchant 2000 CNY succeeded "}},
	{name: "W26-other-merchant", message: partnerBack(`"sub_mchid":"1900000001"`, `"sub_mchid":"1900000077"`), before: []message{partnerPaid()}, refund: 2000, refunds: []string{"merchant 2000 CNY pending "}, quarantined: 1},
	{name: "W26-no-merchant", message: partnerBack(`,"sub_mchid":"1900000001"`, ``), before: []message{partnerPaid()}, refund: 2000, answer: pay.CodeInternal, result: "unusable", refunds: []string{"merchant 2000 CNY pending "}},
	{name: "W20-without-the-provider", message: w20(), before: []message{partnerPaid()}, refund: 2000, refunds: []string{"merchant 2000 CNY pending "}, quarantined: 1},
}

// TestWeChatPayPartnerMessages reads the same of a merchant under a service provider.
func TestWeChatPayPartnerMessages(t *testing.T) {
	t.Parallel()
	tryCorpus(t, weChatPartnerRows, func(fx *fixture) *reader {
		return newWeChatReaderAs(fx, func(a pay.Attempt) map[string]any {
			return map[string]any{"sp_mchid": "1900000002", "sp_appid": "wx0000000000000002", "sub_mchid": a.Account, "sub_appid": a.App}
		})
	})
}

// corpusCertificate is the serial of the platform certificate that rows name.
const corpusCertificate = "5157F09EFDC096DE15EBE81A47057A7232F1B8E2"

// TestWeChatPayCertificateMessages reads W13, as an account that has only certificates and
// as one that is changing to the public key.
func TestWeChatPayCertificateMessages(t *testing.T) {
	t.Parallel()
	byCertificate := w1().spoiled(setHeader("Wechatpay-Serial", corpusCertificate))
	for name, c := range map[string]struct {
		publicKey any // its settings; nil takes them away
		rows      []corpusRow
	}{
		"certificates": {nil, []corpusRow{
			{name: "W13", message: byCertificate},
			{name: "W1-by-the-public-key", message: w1(), answer: pay.CodeUnauthorized, result: "unknown_key", unpaid: true},
		}},
		"both": {corpusPublicKeyID, []corpusRow{
			{name: "W13", message: byCertificate},
			{name: "W1", message: w1()},
			{name: "W13-of-nobody", message: w1().spoiled(setHeader("Wechatpay-Serial", "5157F09EFDC096DE15EBE81A47057A7232F1B8E3")), answer: pay.CodeUnauthorized, result: "unknown_key", unpaid: true},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tryCorpus(t, c.rows, func(fx *fixture) *reader {
				return newWeChatReaderAs(fx, func(a pay.Attempt) map[string]any {
					change := map[string]any{"mchid": a.Account, "appid": a.App, "platform_certificates": []string{"wechatpay.pem"}, "public_key_id": c.publicKey}
					if c.publicKey == nil {
						change["public_key"] = nil
					}
					return change
				})
			})
		})
	}
}

// platformPEM is the certificate of the corpus.
func platformPEM(tb testing.TB) []byte {
	tb.Helper()
	serial, _ := new(big.Int).SetString(corpusCertificate, 16)
	issued, err := providersim.IssuePlatformCertificate(providertest.ProviderKey(), serial, providertest.Now.Add(-time.Hour), providertest.Now.Add(1000*time.Hour))
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issued.Certificate.Raw})
}

func newWeChatReader(fx *fixture) *reader {
	return newWeChatReaderAs(fx, func(a pay.Attempt) map[string]any { return map[string]any{"mchid": a.Account, "appid": a.App} })
}

// newWeChatReaderAs reads as the merchant that some settings name.
func newWeChatReaderAs(fx *fixture, merchant func(pay.Attempt) map[string]any) *reader {
	fx.tb.Helper()
	r := fx.newReader(wechat, func(a pay.Attempt) provider.Provider {
		return providertest.Open(fx.tb, wechatpay.Open, providertest.With(map[string]any{
			"certificate_serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "private_key": "key.pem",
			"api_v3_key": "api_v3.key", "public_key_id": corpusPublicKeyID, "public_key": "pub_key.pem",
		}, merchant(a)), providertest.Env(providertest.Nowhere, map[string][]byte{
			"key.pem": providertest.PrivatePEM(providertest.MerchantKey()), "pub_key.pem": providertest.PublicPEM(providertest.ProviderKey()), "api_v3.key": []byte(corpusAPIv3Key), "wechatpay.pem": platformPEM(fx.tb),
		}))
	})
	r.seal = sealAsWeChat
	return r
}

// sealAsWeChat encrypts and signs a statement as WeChat Pay does.
func sealAsWeChat(r *reader, id string, m message, text string) (http.Header, []byte) {
	text = strings.NewReplacer("1900000001", r.attempt.Account, "wx0000000000000001", r.attempt.App).Replace(text)
	if m.text == weChatOldRefund {
		return http.Header{"Content-Type": {"text/xml"}}, []byte(text)
	}
	block, err := aes.NewCipher([]byte(corpusAPIv3Key))
	r.must(err)
	gcm, err := cipher.NewGCM(block)
	r.must(err)
	kind, nonce := "transaction", "c0rPuS0n0nce"
	if m.text == weChatRefund {
		kind = "refund"
	}
	sealed := base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), []byte(text), []byte(kind)))
	body := `{"id":"` + id + `","create_time":"2026-11-28T10:34:57+08:00","resource_type":"encrypt-resource","event_type":"` + m.event + `","summary":"支付成功",` +
		`"resource":{"original_type":"` + kind + `","algorithm":"AEAD_AES_256_GCM","ciphertext":"` + sealed + `","associated_data":"` + kind + `","nonce":"` + nonce + `"}}`
	stamp, word := fmt.Sprint(providertest.Now.Unix()), "9aT4kX0yQm3sV7bW1cD5eF8gH2jK6lN0"
	sum := sha256.Sum256([]byte(stamp + "\n" + word + "\n" + body + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, providertest.ProviderKey(), crypto.SHA256, sum[:])
	r.must(err)
	h := http.Header{}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "Mozilla/4.0", "Request-ID": "08C0RPUS0610-268435460",
		"Wechatpay-Nonce": word, "Wechatpay-Serial": corpusPublicKeyID, "Wechatpay-Signature": base64.StdEncoding.EncodeToString(signature),
		"Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048", "Wechatpay-Timestamp": stamp,
	} {
		h.Set(name, value)
	}
	if m.spoil != nil {
		m.spoil(h)
	}
	return h, []byte(body)
}
