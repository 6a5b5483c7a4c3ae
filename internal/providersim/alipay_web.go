package providersim

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// openTradePage opens the trade of a signed address in the payer's browser: here,
// on the simulated phone. Of the faults, only refusals strike it.
func (s *Sim) openTradePage(w http.ResponseWriter, r *http.Request, c *alipayCall, product Product) {
	if product == WapPay && !s.opensOn(w, r, Alipay, claimedNumber(c)) {
		return
	}
	id, err := s.launchTrade(c, product)
	rep := reply{status: http.StatusFound}
	if err != nil {
		rep.status = http.StatusOK
	}
	s.recordCall(&c.call, rep, err)
	if err != nil {
		s.page(w, r, rep.status, "refused.html", asBusiness(err).SubMessage)
		return
	}
	http.Redirect(w, r, "/phone/orders/"+id, rep.status)
}

// claimedNumber reads the out_trade_no of a page that has not been checked yet.
func claimedNumber(c *alipayCall) string {
	var trade struct {
		Number string `json:"out_trade_no"`
	}
	if err := json.Unmarshal([]byte(c.p.Get("biz_content")), &trade); err != nil {
		return ""
	}
	return trade.Number
}

func (s *Sim) launchTrade(c *alipayCall, product Product) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	caller, err := s.signer(c.p)
	if err != nil {
		return "", err
	}
	if err := c.accept(s, caller); err != nil {
		return "", err
	}
	if err := s.refusedPage(c); err != nil {
		return "", err
	}
	o, err := s.tradeFor(c, product)
	if err != nil {
		return "", err
	}
	if err := s.strikePage(o); err != nil {
		return "", businessFailure(err.Error(), inWords(Alipay, err).Text)
	}
	s.books.issue(o, "page-"+o.id, c.now, tradeLife)
	o.launched = true
	return o.id, nil
}

func (s *Sim) refusedPage(c *alipayCall) error {
	struck := s.strike(c.account, c.number, func(r *rule) bool { return r.on&opPrepay != 0 && r.fault.refuse != "" })
	if len(struck) == 0 {
		return nil
	}
	c.struck = append(c.struck, struck[0].fault)
	return c.refusal(struck[0].fault.refuse)
}

// back returns return_url with a signed statement, which proves nothing about
// the final state.
func (a *alipayAccount) back(o *order, now time.Time) string {
	u, err := url.Parse(o.returnURL)
	if o.returnURL == "" || err != nil {
		return ""
	}
	p := url.Values{
		"app_id": {a.caller.id}, "auth_app_id": {a.AppID}, "seller_id": {a.SellerID}, "charset": {"utf-8"}, "version": {"1.0"},
		"method": {"alipay.trade." + string(o.product) + ".pay.return"}, "out_trade_no": {o.number}, "trade_no": {o.reference},
		"total_amount": {yuan(o.fen)}, "timestamp": {now.In(china).Format(time.DateTime)},
	}
	signer := a.caller.sealed.Load()
	p.Set("sign", sign(signer.key, unsignedText(p)))
	p.Set("sign_type", alipayScheme)
	if signer.sn != "" && !a.Nameless {
		p.Set("alipay_cert_sn", signer.sn)
	}
	q := u.Query()
	for k := range p {
		q.Set(k, p.Get(k))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// timeOut returns the job that tells of a trade whose time is over, unless it
// was closed before.
func (s *Sim) timeOut(o *order) func(context.Context) {
	planned := o.closesAt
	return func(context.Context) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if o.paidAt.IsZero() && o.closesAt.Equal(planned) {
			s.tellClosed(o)
		}
	}
}
