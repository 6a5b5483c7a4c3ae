package providersim

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// cashier opens the trade of a signed address in the payer's browser: here, on
// the simulated phone.
func (s *Sim) cashier(w http.ResponseWriter, r *http.Request, product Product) {
	o, t, err := s.openCashier(r.Form, product)
	rep := reply{status: http.StatusFound}
	if err != nil {
		rep.status = http.StatusOK
	}
	s.recordTrade(r.Form, t, rep, err)
	if err != nil {
		s.page(w, r, rep.status, "refused.html", asBusiness(err).SubMessage)
		return
	}
	http.Redirect(w, r, "/phone/orders/"+o, rep.status)
}

func (s *Sim) openCashier(p url.Values, product Product) (id string, t *trade, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err = s.authenticateTrade(p)
	if err != nil {
		return "", t, err
	}
	for _, r := range s.strike(t.account.id(), func(f *Fault) bool { return f.on&opPrepay != 0 && f.refuse != nil }) {
		t.struck = append(t.struck, r.fault)
		return "", t, r.fault.refuse.alipay
	}
	o, err := s.tradeFor(t, product)
	if err != nil {
		return "", t, err
	}
	s.books.issue(o, "cashier-"+o.id, t.now, tradeLife)
	o.launched = true
	return o.id, t, nil
}

// back is return_url with a signed statement, which proves nothing about the
// final state.
func (a *alipayAccount) back(o *order, now time.Time) string {
	u, err := url.Parse(o.returnURL)
	if o.returnURL == "" || err != nil {
		return ""
	}
	p := url.Values{
		"app_id": {a.AppID}, "auth_app_id": {a.AppID}, "seller_id": {a.SellerID}, "charset": {"utf-8"}, "version": {"1.0"},
		"method": {"alipay.trade." + string(o.product) + ".pay.return"}, "out_trade_no": {o.number}, "trade_no": {o.reference},
		"total_amount": {yuan(o.fen)}, "timestamp": {now.In(china).Format(time.DateTime)},
	}
	p.Set("sign", sign(a.PlatformKey, unsignedText(p)))
	p.Set("sign_type", alipayScheme)
	q := u.Query()
	for k := range p {
		q.Set(k, p.Get(k))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// timeOut is the job that tells of a trade whose time is over, unless it was
// closed before.
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
