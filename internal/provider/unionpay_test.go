package provider_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/unionpay"
	"morepay/internal/providersim"
)

// unionPayFiles are the certificates of the merchant at UnionPay, made once.
var unionPayFiles = sync.OnceValue(func() map[string][]byte {
	root, middle := providersim.UnionPayAuthorities(providertest.ProviderKey())
	own, err := providersim.IssueUnionPay(providertest.ProviderKey(), &providertest.MerchantKey().PublicKey)
	if err != nil {
		panic(err)
	}
	return map[string][]byte{"root": root, "middle": middle, "certificate": own}
})

func unionPayCertificate() *x509.Certificate {
	block, _ := pem.Decode(unionPayFiles()["certificate"])
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	return cert
}

// methodOf returns a method that is paid at a provider.
func methodOf(id string) pay.Method {
	if id == unionpay.ID {
		return "unionpay"
	}
	return providertest.MethodOf(adapter(id))
}

// request makes the request of an order, and keeps it as the store does.
func (fx *fixture) request(id string, o provider.Order) []byte {
	fx.t.Helper()
	request, err := fx.providers[id].Request(o)
	if err != nil {
		fx.t.Fatal(err)
	}
	fx.requests[o.OutTradeNo] = request
	return request
}

// post does what our page has the payer's browser do.
func (fx *fixture) post(request []byte) {
	fx.t.Helper()
	form, err := fx.providers[unionpay.ID].(provider.FormPoster).Form(request)
	if err != nil {
		fx.t.Fatal(err)
	}
	res, err := fx.http.PostForm(form.Action, form.Fields)
	if err != nil {
		fx.t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
}

// To UnionPay an order that is sent again is a duplicate, which gives no code. Paid it is
// paid; else it is spent, so that the payer gets another.
func TestUnionPayDuplicate(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	p := fx.providers[unionpay.ID]
	o := fx.order(unionpay.ID, pay.RailQR)
	request := fx.request(unionpay.ID, o)
	action, err := p.Start(t.Context(), pay.RailQR, request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Start(t.Context(), pay.RailQR, request); !errors.Is(err, provider.ErrSpent) {
		t.Errorf("unpaid: %v", err)
	}
	fx.pay(action, o.OutTradeNo)
	if _, err := p.Start(t.Context(), pay.RailQR, request); !errors.Is(err, provider.ErrPaid) {
		t.Errorf("paid: %v", err)
	}
	if orders := fx.sim.Orders(); len(orders) != 1 {
		t.Errorf("%d orders", len(orders))
	}
}

// The payer may post the form again, after the browser's "back", and pays one order.
func TestUnionPayFormAgain(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	o := fx.order(unionpay.ID, pay.RailRedirect)
	fx.start(unionpay.ID, o)
	if before := fx.query(unionpay.ID, o.OutTradeNo); before.Outcome != pay.OutcomeAbsent {
		t.Errorf("before the payer is there: %s", before.Outcome)
	}
	for range 2 {
		fx.post(fx.requests[o.OutTradeNo])
	}
	if orders := fx.sim.Orders(); len(orders) != 1 || orders[0].State != "unpaid" {
		t.Errorf("orders are %+v", orders)
	}
	if opened := fx.query(unionpay.ID, o.OutTradeNo); opened.Outcome != pay.OutcomePending {
		t.Errorf("once the payer is there: %s", opened.Outcome)
	}
}

// Orders can't be closed: they run out by payTimeout.
func TestUnionPayRunsOut(t *testing.T) {
	t.Parallel()
	eachOf(t, unionpay.ID, func(t *testing.T, rail pay.Rail) {
		fx := newFixture(t)
		o := fx.order(unionpay.ID, rail)
		action := fx.start(unionpay.ID, o)
		fx.sim.Advance(30 * time.Minute)
		if err := payers[action.Kind](fx, action, o.OutTradeNo); err == nil {
			t.Error("it was paid after its time")
		}
		if ev := fx.query(unionpay.ID, o.OutTradeNo); ev.Outcome != pay.OutcomeAbsent {
			t.Errorf("it is %s", ev.Outcome)
		}
		if _, closes := fx.providers[unionpay.ID].(provider.Closer); closes {
			t.Error("it can be closed")
		}
	})
}

func eachOf(t *testing.T, id string, test func(t *testing.T, rail pay.Rail)) {
	for _, rail := range rails[id] {
		t.Run(string(rail), func(t *testing.T) { test(t, rail) })
	}
}

// A refund is a transaction of its own; sent again it is a duplicate and asked about, and
// what was asked for under another time is another one.
func TestUnionPayRefund(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	o := fx.order(unionpay.ID, pay.RailQR)
	fx.pay(fx.start(unionpay.ID, o), o.OutTradeNo)
	fx.next(unionpay.ID)
	p := fx.providers[unionpay.ID].(provider.Refunder)
	r := provider.RefundOrder{
		OutTradeNo: o.OutTradeNo, Reference: fx.query(unionpay.ID, o.OutTradeNo).Reference, Number: "RF" + o.OutTradeNo[2:],
		Amount: pay.Money{Currency: "CNY", Value: 1000}, Total: o.Amount, MadeAt: time.Now(), NotifyURL: o.NotifyURL,
	}
	ev, err := p.Refund(t.Context(), r)
	if err != nil || ev.Returned.Status != pay.RefundPending {
		t.Fatalf("accepted: %+v, %v", ev.Returned, err)
	}
	told := fx.next(unionpay.ID)
	if got := told.statement; told.err != nil || got.Outcome != pay.OutcomeRefund || got.OutTradeNo != o.OutTradeNo ||
		got.Returned.Number != r.Number || got.Returned.Status != pay.RefundSucceeded || got.Returned.Amount != r.Amount {
		t.Errorf("told %+v, %v", got, told.err)
	}
	if ev, err := p.Refund(t.Context(), r); err != nil || ev.Returned.Status != pay.RefundSucceeded || ev.Returned.Reference == "" {
		t.Errorf("again: %+v, %v", ev.Returned, err)
	}
	if paid := fx.query(unionpay.ID, o.OutTradeNo); paid.Outcome != pay.OutcomePaid || paid.Returned != nil {
		t.Errorf("the payment is %+v", paid)
	}
	r.MadeAt = r.MadeAt.Add(-time.Minute)
	if _, err := p.QueryRefund(t.Context(), r); !errors.Is(err, provider.ErrAbsent) {
		t.Errorf("under another time: %v", err)
	}
	r.Number, r.MadeAt = r.Number[:30]+"9", r.MadeAt.Add(-24*time.Hour)
	if _, err := p.Refund(t.Context(), r); !errors.Is(err, provider.ErrRefused) {
		t.Errorf("of yesterday: %v", err)
	}
}
