package wechatpay_test

import (
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
)

var card = provider.BankCard{Bank: "ICBC_DEBIT", Number: "6222000000000001234", Holder: "小明"}

// redirect sends refundOrder's refund on, at a WeChat Pay that first says state.
func redirect(t *testing.T, state string, apply answer, to *provider.BankCard) (pay.Evidence, []providertest.Sent, error) {
	t.Helper()
	w := newWire(t, func(r *http.Request, _ string) answer {
		if r.Method != http.MethodPost {
			return answer{status: 200, body: providertest.JSON(t, refundReply(map[string]any{"status": state}))}
		}
		if serial := r.Header.Get("Wechatpay-Serial"); serial != publicKeyID {
			t.Errorf("encrypted for %q", serial)
		}
		return apply
	})
	ev, err := open(t, w.URL, nil).(provider.AbnormalRefunder).RedirectRefund(t.Context(), refundOrder(), to)
	return ev, w.Sent(), err
}

// opened decrypts what only WeChat Pay can read.
func opened(t *testing.T, sealed string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := rsa.DecryptOAEP(sha1.New(), nil, providertest.ProviderKey(), raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func TestRedirectRefund(t *testing.T) {
	t.Parallel()
	taken := answer{status: 200, body: providertest.JSON(t, refundReply(nil))}
	for name, to := range map[string]*provider.BankCard{"card": &card, "merchant": nil} {
		t.Run(name, func(t *testing.T) {
			ev, sent, err := redirect(t, "ABNORMAL", taken, to)
			if err != nil || ev.Returned == nil || ev.Returned.Status != pay.RefundPending || ev.Returned.Failure != "" || ev.Returned.Number != refundOrder().Number {
				t.Fatalf("got %+v, %v", ev, err)
			}
			asked := sent[len(sent)-1]
			if want := "POST api.mch.weixin.qq.com/v3/refund/domestic/refunds/50000000382019052709732678859/apply-abnormal-refund"; asked.Path != want {
				t.Errorf("asked %s, want %s", asked.Path, want)
			}
			var body map[string]string
			if err := json.Unmarshal([]byte(asked.Body), &body); err != nil {
				t.Fatal(err)
			}
			if body["out_refund_no"] != refundOrder().Number {
				t.Errorf("sent %v", body)
			}
			if to == nil {
				if body["type"] != "MERCHANT_BANK_CARD" || len(body) != 2 {
					t.Errorf("sent %v", body)
				}
				return
			}
			if body["type"] != "USER_BANK_CARD" || body["bank_type"] != card.Bank || opened(t, body["bank_account"]) != card.Number || opened(t, body["real_name"]) != card.Holder {
				t.Errorf("sent %v", body)
			}
		})
	}
}

// Nothing is done to a refund that is not stuck: doing it again is safe.
func TestRedirectOfWhatIsNotStuck(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]pay.RefundStatus{"PROCESSING": pay.RefundPending, "SUCCESS": pay.RefundSucceeded, "CLOSED": pay.RefundFailed} {
		ev, sent, err := redirect(t, state, answer{status: 500}, &card)
		posted := slices.ContainsFunc(sent, func(s providertest.Sent) bool { return strings.HasPrefix(s.Path, http.MethodPost) })
		if err != nil || ev.Returned.Status != want || posted {
			t.Errorf("%s: got %+v, %v, posted %t", state, ev, err, posted)
		}
	}
}

func TestRedirectRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		apply answer
		want  error // nil for unknown
	}{
		"no-auth":  {answer{status: 403, body: `{"code":"NO_AUTH"}`}, provider.ErrRefused},
		"param":    {answer{status: 400, body: `{"code":"PARAM_ERROR"}`}, provider.ErrRefused},
		"system":   {answer{status: 500, body: `{"code":"SYSTEM_ERROR"}`}, nil},
		"cut":      {answer{}, nil},
		"unsigned": {answer{status: 200, body: providertest.JSON(t, refundReply(nil)), sign: func(h http.Header) { clear(h) }}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := redirect(t, "ABNORMAL", c.apply, &card)
			if c.want == nil {
				providertest.Undecided(t, err, secrets...)
			} else if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			providertest.Clean(t, err, card.Number, card.Holder)
		})
	}
}

func TestRedirectChecksTheCard(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*provider.BankCard){
		"card.bank":   func(c *provider.BankCard) { c.Bank = "工商银行" },
		"card.number": func(c *provider.BankCard) { c.Number = "6222 0000 0000 0001 234" },
		"card.holder": func(c *provider.BankCard) { c.Holder = strings.Repeat("明", 64) },
	} {
		wrong := card
		spoil(&wrong)
		_, sent, err := redirect(t, "ABNORMAL", answer{status: 500}, &wrong)
		if e, ok := errors.AsType[*pay.Error](err); !ok || e.Field != field || len(sent) != 0 {
			t.Errorf("%s: got %v after %d requests", field, err, len(sent))
		}
	}
}
