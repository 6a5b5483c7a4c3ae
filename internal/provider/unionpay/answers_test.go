package unionpay_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
)

// The form of the web page is signed once and kept; what the payer's browser posts is
// that to the byte.
func TestForm(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, map[string]any{"acq_ins_code": "48270000", "term_id": "01080209"})
	o := order(pay.RailRedirect)
	request, err := p.Request(o)
	if err != nil {
		t.Fatal(err)
	}
	action, err := p.Start(t.Context(), pay.RailRedirect, request)
	if err != nil || action.Kind != pay.ActionRedirect || action.URL != o.FormPage || !action.ExpiresAt.Equal(o.ExpiresAt) {
		t.Fatalf("the action is %+v, %v", action, err)
	}
	form, err := p.(provider.FormPoster).Form(request)
	if err != nil || form.Action != "https://gateway.95516.com/gateway/api/frontTransReq.do" {
		t.Fatalf("the form goes to %s, %v", form.Action, err)
	}
	for name, want := range map[string]string{
		"version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "1", "acqInsCode": "48270000", "merId": merID, "certId": "349367738109",
		"txnType": "01", "txnSubType": "01", "bizType": "000201", "channelType": "08", "orderId": o.OutTradeNo, "txnTime": moment(providertest.Now),
		"txnAmt": "5980", "currencyCode": "156", "frontUrl": o.ReturnURL, "backUrl": o.NotifyURL, "payTimeout": moment(o.ExpiresAt),
		"termId": "01080209", "customerIp": o.PayerIP,
	} {
		if got := form.Fields.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if form.Fields.Get("signature") == "" {
		t.Error("it is not signed")
	}
	if _, err := p.Start(t.Context(), pay.RailQR, request); err == nil {
		t.Error("it was sent as another rail's")
	}
}

func TestRefusedOrders(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	for name, change := range map[string]func(*provider.Order){
		"rail":        func(o *provider.Order) { o.Rail = pay.RailJSAPI },
		"number":      func(o *provider.Order) { o.OutTradeNo = "with-dash" },
		"no-page":     func(o *provider.Order) { o.FormPage = "" },
		"long-return": func(o *provider.Order) { o.ReturnURL += strings.Repeat("x", 256) },
		"amount":      func(o *provider.Order) { o.Amount.Value = 0 },
	} {
		o := order(pay.RailRedirect)
		change(&o)
		if _, err := p.Request(o); pay.CodeOf(err) != pay.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Start(t.Context(), pay.RailQR, []byte("{}")); pay.CodeOf(err) != pay.CodeInternal {
		t.Errorf("a request of nobody: %v", err)
	}
	if _, err := p.Query(t.Context(), provider.QueryOrder{OutTradeNo: providertest.Number}); pay.CodeOf(err) != pay.CodeInternal {
		t.Errorf("an order whose time nobody knows: %v", err)
	}
}

// errOpen is any error that leaves the outcome open, beside those with a name.
var errOpen = errors.New("open")

// check compares an error with what it should be: nil, one of the contract's, a Busy, a Strange or errOpen.
func check(t *testing.T, err, want error) {
	t.Helper()
	_, busy := errors.AsType[*provider.Busy](err)
	_, strange := errors.AsType[*provider.Strange](err)
	switch want.(type) {
	case nil:
		if err != nil {
			t.Errorf("got %v", err)
		}
		return
	case *provider.Busy:
		if !busy {
			t.Errorf("got %v, want busy", err)
		}
		return
	case *provider.Strange:
		if !strange {
			t.Errorf("got %v, want strange", err)
		}
		return
	}
	if want == errOpen {
		providertest.Undecided(t, err)
		if busy || strange {
			t.Errorf("got %v, want nothing but open", err)
		}
		return
	}
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

var (
	busy    = &provider.Busy{}
	strange = &provider.Strange{}
)

func TestCodeAnswers(t *testing.T) {
	t.Parallel()
	const code = "https://qr.95516.com/00010000/62012345678901234567890"
	for name, c := range map[string]struct {
		fields map[string]string
		want   error
	}{
		"code":           {map[string]string{"respCode": "00", "qrCode": code}, nil},
		"no-code":        {map[string]string{"respCode": "00"}, errOpen},
		"foreign-code":   {map[string]string{"respCode": "00", "qrCode": "https://qr.95516.com.evil.example/1"}, errOpen},
		"other-order":    {map[string]string{"respCode": "00", "qrCode": code, "orderId": "other000"}, errOpen},
		"other-time":     {map[string]string{"respCode": "00", "qrCode": code, "txnTime": "20261123195900"}, errOpen},
		"other-merchant": {map[string]string{"respCode": "00", "qrCode": code, "merId": "777290000000002"}, errOpen},
		"unclear":        {map[string]string{"respCode": "04"}, errOpen},
		"accepted":       {map[string]string{"respCode": "05"}, errOpen},
		"busy":           {map[string]string{"respCode": "06"}, busy},
		"too-often":      {map[string]string{"respCode": "37"}, busy},
		"signature":      {map[string]string{"respCode": "11"}, provider.ErrRefused},
		"not-granted":    {map[string]string{"respCode": "32"}, provider.ErrRefused},
		"limit":          {map[string]string{"respCode": "33"}, provider.ErrRefused},
		"general":        {map[string]string{"respCode": "99"}, strange},
		"unlisted":       {map[string]string{"respCode": "ZZ"}, strange},
		"none":           {nil, strange},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			action, err := providertest.Start(t, open(t, answering(t, c.fields).URL, nil), order(pay.RailQR))
			check(t, err, c.want)
			if c.want == nil && (action.Kind != pay.ActionQRCode || action.Payload != code || !action.ExpiresAt.Equal(order(pay.RailQR).ExpiresAt)) {
				t.Errorf("the action is %+v", action)
			}
			if refusal, ok := errors.AsType[*provider.Refusal](err); ok && refusal.NotGranted != (name == "not-granted") {
				t.Errorf("the refusal is %+v", refusal)
			}
		})
	}
}

// A duplicate is asked about.
func TestDuplicate(t *testing.T) {
	t.Parallel()
	for outcome, c := range map[string]struct {
		said map[string]string
		want error
	}{
		"paid":    {with(u1(), "respCode", "00", "origRespCode", "00"), provider.ErrPaid},
		"pending": {with(u1(), "respCode", "00", "origRespCode", "05"), provider.ErrSpent},
		"absent":  {map[string]string{"respCode": "34"}, provider.ErrSpent},
		"unknown": {map[string]string{"respCode": "06"}, busy},
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			w := providertest.NewWire(t, func(r *http.Request, body string) providertest.Reply {
				asked, _ := url.ParseQuery(body)
				said := map[string]string{"respCode": "12"}
				if strings.HasSuffix(r.URL.Path, "queryTrans.do") {
					said = c.said
				}
				said = with(said, "merId", merID, "orderId", asked.Get("orderId"), "txnTime", asked.Get("txnTime"))
				return providertest.Reply{Status: http.StatusOK, Body: asAnswer(sealed(said, chains().signer))}
			})
			_, err := providertest.Start(t, open(t, w.URL, nil), order(pay.RailQR))
			check(t, err, c.want)
		})
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	said := func(pairs ...string) map[string]string {
		m := with(u1(), append([]string{"respCode", "00"}, pairs...)...)
		delete(m, "orderId")
		delete(m, "txnTime")
		return m
	}
	for name, c := range map[string]struct {
		fields map[string]string
		later  time.Duration // after the order's end
		want   pay.Outcome
		err    error
	}{
		"paid":            {said("origRespCode", "00"), 0, pay.OutcomePaid, nil},
		"with-a-defect":   {said("origRespCode", "A6"), 0, pay.OutcomePaid, nil},
		"no-amount":       {said("origRespCode", "00", "txnAmt", ""), 0, "", errOpen},
		"timeout":         {said("origRespCode", "03"), 0, pay.OutcomePending, nil},
		"unclear":         {said("origRespCode", "04"), 0, pay.OutcomePending, nil},
		"accepted":        {said("origRespCode", "05"), 0, pay.OutcomePending, nil},
		"accepted-over":   {said("origRespCode", "05"), time.Hour, pay.OutcomePending, nil},
		"card-declined":   {said("origRespCode", "64"), 0, pay.OutcomePending, nil},
		"declined-over":   {said("origRespCode", "64"), time.Hour, pay.OutcomeClosed, nil},
		"declined-at-end": {said("origRespCode", "64"), time.Minute, pay.OutcomePending, nil},
		"too-late":        {said("origRespCode", "42"), 0, "", strange},
		"unlisted":        {said("origRespCode", "SETTLING"), 0, "", strange},
		"none":            {said(), 0, "", strange},
		"absent":          {map[string]string{"respCode": "34"}, 0, pay.OutcomeAbsent, nil},
		"absent-other":    {map[string]string{"respCode": "34", "orderId": "other000"}, 0, "", errOpen},
		"busy":            {map[string]string{"respCode": "02"}, 0, "", busy},
		"other-order":     {with(said("origRespCode", "00"), "orderId", "other000"), 0, "", errOpen},
		"a-refund":        {said("origRespCode", "00", "txnType", "04"), 0, "", errOpen},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := answering(t, c.fields)
			env := providertest.Env(w.URL, files())
			p := openIn(t, env)
			request, err := p.Request(order(pay.RailQR))
			if err != nil {
				t.Fatal(err)
			}
			env.Now = func() time.Time { return order(pay.RailQR).ExpiresAt.Add(c.later) }
			if c.later == 0 {
				env.Now = func() time.Time { return providertest.Now }
			}
			ev, err := openIn(t, env).Query(t.Context(), provider.QueryOrder{OutTradeNo: providertest.Number, Request: request})
			check(t, err, c.err)
			if ev.Outcome != c.want {
				t.Errorf("got %+v, want %s", ev, c.want)
			}
			if sent := w.Sent(); len(sent) != 1 || !strings.Contains(sent[0].Body, "txnTime="+moment(providertest.Now)) {
				t.Errorf("asked %+v", sent)
			}
		})
	}
}

func TestRefundAnswers(t *testing.T) {
	t.Parallel()
	r := provider.RefundOrder{
		OutTradeNo: providertest.Number, Reference: paidRef, Number: "RF0000000000000000000000000001", Amount: pay.Money{Currency: "CNY", Value: 1000},
		Total: pay.Money{Currency: "CNY", Value: 5980}, MadeAt: providertest.Now, NotifyURL: "https://pay.example/notify/unionpay/" + merID,
	}
	said := func(pairs ...string) map[string]string {
		return with(map[string]string{"respCode": "00", "txnType": "04", "txnAmt": "1000", "queryId": "202611232000000000019"}, pairs...)
	}
	for name, c := range map[string]struct {
		ask    bool
		fields map[string]string
		want   pay.Returned
		err    error
	}{
		"accepted":         {false, said(), pay.Returned{Status: pay.RefundPending}, nil},
		"unclear":          {false, said("respCode", "04"), pay.Returned{Status: pay.RefundPending}, nil},
		"more-than-left":   {false, said("respCode", "36"), pay.Returned{}, provider.ErrRefused},
		"too-late":         {false, said("respCode", "39"), pay.Returned{}, provider.ErrRefused},
		"busy":             {false, said("respCode", "06"), pay.Returned{}, busy},
		"unlisted":         {false, said("respCode", "ZZ"), pay.Returned{}, strange},
		"asked-done":       {true, said("origRespCode", "00"), pay.Returned{Status: pay.RefundSucceeded, Reference: "202611232000000000019"}, nil},
		"asked-under-way":  {true, said("origRespCode", "05"), pay.Returned{Status: pay.RefundPending}, nil},
		"asked-failed":     {true, said("origRespCode", "63"), pay.Returned{Status: pay.RefundFailed, Failure: pay.FailurePayerAccount}, nil},
		"asked-absent":     {true, said("respCode", "34"), pay.Returned{}, provider.ErrAbsent},
		"asked-of-payment": {true, said("origRespCode", "00", "txnType", "01"), pay.Returned{}, errOpen},
		"asked-other-sum":  {true, said("origRespCode", "00", "txnAmt", "1"), pay.Returned{}, errOpen},
		"asked-unlisted":   {true, said("origRespCode", "ZZ"), pay.Returned{}, strange},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := answering(t, c.fields)
			refunder := open(t, w.URL, nil).(provider.Refunder)
			do := refunder.Refund
			if c.ask {
				do = refunder.QueryRefund
			}
			ev, err := do(t.Context(), r)
			check(t, err, c.err)
			if c.err != nil {
				return
			}
			c.want.Number, c.want.Amount = r.Number, r.Amount
			if *ev.Returned != c.want || ev.OutTradeNo != providertest.Number || ev.Account != merID || ev.Provider != "unionpay" {
				t.Errorf("got %+v of %+v, want %+v", ev.Returned, ev, c.want)
			}
		})
	}
	if _, err := open(t, providertest.Nowhere, nil).(provider.Refunder).Refund(t.Context(), provider.RefundOrder{Number: r.Number}); pay.CodeOf(err) != pay.CodeInvalid {
		t.Errorf("of a payment whose number nobody knows: %v", err)
	}
}

// An answer that is not UnionPay's proves nothing.
func TestUntrustedAnswers(t *testing.T) {
	t.Parallel()
	signed := asAnswer(sealed(map[string]string{"respCode": "00"}, chains().signer))
	for name, reply := range map[string]providertest.Reply{
		"cut":         {Status: providertest.Cut},
		"gateway":     {Status: http.StatusBadGateway, Body: signed},
		"page":        {Status: http.StatusOK, Body: "<html>canary</html>"},
		"unsigned":    {Status: http.StatusOK, Body: "respCode=11&respMsg=canary"},
		"by-merchant": {Status: http.StatusOK, Body: asAnswer(sealed(map[string]string{"respCode": "32"}, chains().own))},
		"redirect":    {Status: http.StatusFound, Header: http.Header{"Location": {"https://canary.example"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := providertest.NewWire(t, func(*http.Request, string) providertest.Reply { return reply })
			_, err := providertest.Start(t, open(t, w.URL, nil), order(pay.RailQR))
			providertest.Undecided(t, err, merID)
		})
	}
}
