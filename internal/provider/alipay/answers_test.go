package alipay_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

// Answers in the form in which Alipay sends them: names, order and prose are theirs, all
// values are made up.
const (
	sentNoTrade   = `{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"交易不存在"}`
	sentBack      = `{"code":"10000","msg":"Success","buyer_logon_id":"buy***@example.com","buyer_pay_amount":"59.80","buyer_user_id":"2088000000000901","invoice_amount":"59.80","out_trade_no":"` + number + `","point_amount":"0.00","receipt_amount":"59.80","send_pay_date":"2026-11-23 19:59:58","total_amount":"59.80","trade_no":"` + tradeNo + `","trade_status":"TRADE_CLOSED"}`
	sentCanceled  = `{"code":"10000","msg":"Success","action":"refund","out_trade_no":"` + number + `","retry_flag":"N","trade_no":"` + tradeNo + `"}`
	sentCancel    = `{"code":"10000","msg":"Success","out_trade_no":"` + number + `","retry_flag":"Y"}`
	sentUnchanged = `{"code":"10000","msg":"Success","buyer_logon_id":"buy***@example.com","buyer_user_id":"2088000000000901","fund_change":"N","gmt_refund_pay":"2026-11-23 20:00:00","out_trade_no":"` + number + `","refund_fee":"10.05","send_back_fee":"0.00","trade_no":"` + tradeNo + `"}`
	sentNotThere  = `{"code":"10000","msg":"Success"}`
	sentWholeOnly = `{"code":"40004","msg":"Business Failed","sub_code":"ACQ.NOT_ALLOW_PARTIAL_REFUND","sub_msg":"不支持部分退款"}`
	sentUnknown   = `{"code":"20000","msg":"Service Currently Unavailable","sub_code":"isp.unknow-error","sub_msg":"系统繁忙"}`
	sentPaying    = `{"code":"10003","msg":" order success pay inprocess","out_trade_no":"` + number + `"}`
)

// sent answers methods with texts as they are, each under Alipay's signature.
func sent(texts map[string]string) func(string, map[string]string) answer {
	return func(method string, _ map[string]string) answer {
		text, ok := texts[strings.TrimPrefix(method, "alipay.trade.")]
		if !ok {
			return answer{cut: true}
		}
		return answer{raw: `{"` + responseName(method) + `":` + text + `,"sign":"` + sign(text) + `"}`}
	}
}

func inGBK(text string) string {
	raw, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		panic(err)
	}
	return raw
}

// TestAnswersAsSent: what each answer means to whoever asked.
func TestAnswersAsSent(t *testing.T) {
	t.Parallel()
	asks := map[string]func(t *testing.T, p provider.Provider) (pay.Evidence, error){
		"query": func(t *testing.T, p provider.Provider) (pay.Evidence, error) {
			return p.Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
		},
		"close": func(t *testing.T, p provider.Provider) (pay.Evidence, error) {
			return p.(provider.Closer).Close(t.Context(), toClose(pay.RailQR))
		},
		"refund": func(t *testing.T, p provider.Provider) (pay.Evidence, error) {
			return p.(provider.Refunder).Refund(t.Context(), refundOrder())
		},
		"refund-query": func(t *testing.T, p provider.Provider) (pay.Evidence, error) {
			return p.(provider.Refunder).QueryRefund(t.Context(), refundOrder())
		},
	}
	for name, c := range map[string]struct {
		ask     string
		answers map[string]string
		want    pay.Outcome
		refund  pay.RefundStatus
		err     error // with neither outcome nor err it must be asked again
	}{
		"no-trade":           {ask: "query", answers: map[string]string{"query": sentNoTrade}, want: pay.OutcomeAbsent},
		"no-trade-in-gbk":    {ask: "query", answers: map[string]string{"query": inGBK(sentNoTrade)}, want: pay.OutcomeAbsent},
		"went-back":          {ask: "query", answers: map[string]string{"query": sentBack}, want: pay.OutcomePaid},
		"cancel-gave-back":   {ask: "close", answers: map[string]string{"close": sentNoTrade, "cancel": sentCanceled, "query": sentBack}, want: pay.OutcomePaid},
		"cancel-again":       {ask: "close", answers: map[string]string{"close": sentNoTrade, "cancel": sentCancel}},
		"refund-repeated":    {ask: "refund", answers: map[string]string{"refund": sentUnchanged, "fastpay.refund.query": sentNotThere}, want: pay.OutcomeRefund, refund: pay.RefundPending},
		"refund-not-there":   {ask: "refund-query", answers: map[string]string{"fastpay.refund.query": sentNotThere}, err: provider.ErrAbsent},
		"refund-of-all-only": {ask: "refund", answers: map[string]string{"refund": sentWholeOnly}, err: provider.ErrRefused},
		"query-unknown":      {ask: "query", answers: map[string]string{"query": sentUnknown}},
		"query-paying":       {ask: "query", answers: map[string]string{"query": sentPaying}},
		"close-unknown":      {ask: "close", answers: map[string]string{"close": sentUnknown}},
		"close-paying":       {ask: "close", answers: map[string]string{"close": sentPaying}},
		"refund-unknown":     {ask: "refund", answers: map[string]string{"refund": sentUnknown}},
		"refund-paying":      {ask: "refund", answers: map[string]string{"refund": sentPaying}},
		"ask-unknown":        {ask: "refund-query", answers: map[string]string{"fastpay.refund.query": sentUnknown}},
	} {
		t.Run(name, func(t *testing.T) {
			ev, err := asks[c.ask](t, open(t, newWire(t, sent(c.answers)).URL))
			switch {
			case c.want != "":
				if err != nil || ev.Outcome != c.want || ev.Provider != alipay.ID || c.refund != "" && ev.Returned.Status != c.refund {
					t.Errorf("got %+v, %v, want %s", ev, err, c.want)
				}
				if back := c.want == pay.OutcomePaid; back && (ev.Returned == nil || ev.Returned.Total.Value != 5980) {
					t.Errorf("what went back is %+v", ev.Returned)
				}
			case c.err != nil:
				if !errors.Is(err, c.err) {
					t.Errorf("got %v, want %q", err, c.err)
				}
			default:
				providertest.Undecided(t, err, secrets...)
			}
		})
	}
	t.Run("unsigned", func(t *testing.T) {
		raw := `{"` + responseName("alipay.trade.query") + `":` + sentNoTrade + `}`
		_, err := open(t, newWire(t, always(answer{raw: raw})).URL).Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
		providertest.Undecided(t, err, secrets...)
	})
}
