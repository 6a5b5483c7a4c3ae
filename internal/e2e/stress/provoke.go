package stress

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// opened opens a session.
func opened(ctx context.Context, s *harness.Harness) (waiting, error) {
	l, token, err := s.Open(ctx, fen)
	if err != nil {
		return waiting{}, err
	}
	return waiting{session: l.Session.ID, token: token}, nil
}

// chosen has its payer look at a code.
func chosen(ctx context.Context, s *harness.Harness) (waiting, error) {
	w, err := opened(ctx, s)
	if err != nil {
		return w, err
	}
	l, err := s.Choose(ctx, w.session, "wechat_pay", pay.RailQR)
	if err != nil {
		return w, err
	}
	w.number, w.seen = l.Attempts[0].OutTradeNo, l.Session.LastEvent
	return w, nil
}

// bought has them pay it.
func bought(ctx context.Context, s *harness.Harness) (waiting, error) {
	w, err := chosen(ctx, s)
	if err != nil {
		return w, err
	}
	if err := s.Approve(&pay.Attempt{OutTradeNo: w.number}); err != nil {
		return w, err
	}
	return w, until(ctx, "paid", func() bool {
		l, err := s.Stores().Ledgers.Ledger(ctx, w.session)
		return err == nil && l.Session.Status.Paid()
	})
}

// abandoned returns a session whose payer switched methods long enough ago for
// the first order to be closable.
func abandoned(ctx context.Context, s *harness.Harness) (waiting, error) {
	const ago = pay.CloseDelay + time.Minute
	s.Advance(-ago)
	defer s.Advance(ago)
	w, err := chosen(ctx, s)
	if err != nil {
		return w, err
	}
	_, err = s.Choose(ctx, w.session, "alipay", pay.RailQR)
	return w, err
}

func nothing(context.Context, *deployment, waiting) error { return nil }

// approve pays on the phone what the session's newest attempt is.
func approve(_ context.Context, dep *deployment, w waiting) error {
	if w.number == "" { // chosen in another process
		orders := dep.Sim.Orders()
		if len(orders) == 0 {
			return fmt.Errorf("the provider has no order of session %s", w.session)
		}
		w.number = orders[0].Number
	}
	return dep.Approve(&pay.Attempt{OutTradeNo: w.number})
}

// choose chooses WeChat Pay on the session's page. The answer doesn't matter:
// the program may die before it gives one.
func choose(ctx context.Context, dep *deployment, w waiting) error {
	var progress view.Progress
	page := dep.BaseURL + "/pay/" + w.token
	if err := dep.get(ctx, page+"/events", &progress); err != nil {
		return err
	}
	form := map[string]string{"method": "wechat_pay", "rail": string(pay.RailQR), "form_token": progress.FormToken}
	return dep.post(ctx, page+"/attempts", form, http.Header{"User-Agent": {harness.Agent(pay.RailQR)}})
}

// refund asks for all of the money back, as the merchant's server does.
func refund(ctx context.Context, dep *deployment, w waiting) error {
	return dep.post(ctx, dep.BaseURL+"/v1/sessions/"+w.session+"/refunds", map[string]string{"reason": "late"}, http.Header{
		"Authorization": {"Bearer " + dep.Shop(harness.Merchant).Key}, "Idempotency-Key": {rand.Text()},
	})
}

func (dep *deployment) get(ctx context.Context, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	res, err := dep.Client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET answered %d", res.StatusCode)
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// post posts JSON to a server that may die of it: only a refusal is an error.
func (dep *deployment) post(ctx context.Context, url string, body any, header http.Header) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	res, err := dep.Client.Do(req)
	if err != nil {
		return ctx.Err()
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	return want(res.StatusCode/100 == 2, "POST answered %d: %s", res.StatusCode, answer)
}
