package scenario

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"morepay/internal/device"
	"morepay/internal/pay"
)

// Stage is the demo that scenarios run on. One runs at a time: clock and phone are
// everybody's.
type Stage struct {
	Origin string                       // of the pages and the API
	Sim    string                       // origin of the simulated providers and the console
	Key    func(merchant string) string // the merchant's secret key, "" if there is no such merchant
}

// Browser opens the payer's device.
type Browser interface {
	// Payer opens a device that a page believes to be that of a sample.
	Payer(ctx context.Context, sample device.Sample, form device.Form, scripts Scripts) (Payer, error)
}

// Payer is the payer's browser. What it can't do within the context fails.
type Payer interface {
	Open(ctx context.Context, url string) error
	// Tap taps the first element of a selector that is there, as often as told in the same moment.
	Tap(ctx context.Context, selector string, times int) error
	// Fill puts a value into a field, or chooses it there.
	Fill(ctx context.Context, selector, value string) error
	// Value returns what an expression in JavaScript is, as a string.
	Value(ctx context.Context, expression string) (string, error)
	// Await waits until an expression in JavaScript is true.
	Await(ctx context.Context, expression string) error
	// Travel goes back or forward, or loads the page again.
	Travel(ctx context.Context, where string) error
	// Front covers the page with another app, or uncovers it.
	Front(ctx context.Context, yes bool) error
	// Answer hands what the page asks of the app around it to the wallet of the
	// simulator, and its answer to the page. do is approve or cancel.
	Answer(ctx context.Context, do, sim string) error
	// Picture returns the screen as a PNG.
	Picture(ctx context.Context) ([]byte, error)
	Close() error
}

// Options are those of a run.
type Options struct {
	Browser  Browser       // nil to judge the ledger only
	Seed     uint64        // of the faults that strike by chance
	Patience time.Duration // for each step, and for the ledger; 30 s if 0
}

// Result is what came of a scenario.
type Result struct {
	Scenario
	Session string // its id; "" if it could not be opened
	Screen  bool   // whether the screen was judged
	Took    time.Duration
	Err     error  // nil if all is as it should be
	Picture []byte // PNG of the screen, if a step failed
}

// run is a scenario under way.
type run struct {
	Scenario
	stage   *Stage
	options Options
	payer   Payer    // nil without a browser
	way     []string // method and rail of the form that was posted last without one
	client  *http.Client
	agent   string
	session session
}

// Run plays a scenario and judges it.
func (s *Stage) Run(ctx context.Context, row Scenario, o Options) Result {
	o.Patience = cmp.Or(o.Patience, 30*time.Second)
	began := time.Now()
	r := &run{Scenario: row, stage: s, options: o}
	err := r.play(ctx)
	result := Result{Scenario: row, Session: r.session.ID, Screen: r.payer != nil, Took: time.Since(began), Err: err}
	if r.payer == nil {
		return result
	}
	if err != nil {
		result.Picture, _ = r.payer.Picture(ctx) // a page that has gone has none
	}
	result.Err = errors.Join(result.Err, r.payer.Close())
	return result
}

func (r *run) play(ctx context.Context) error {
	sample, ok := device.SampleOf(device.Profile(before(string(r.Device), "@")))
	dev, known := device.Of(r.Device)
	if !ok || !known {
		return fmt.Errorf("there is no device %s", r.Device)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	r.client, r.agent = &http.Client{Jar: jar, Timeout: r.options.Patience}, sample.UserAgent
	if err := r.prepare(ctx); err != nil {
		return fmt.Errorf("before the first step: %w", err)
	}
	if r.options.Browser != nil {
		if r.payer, err = r.options.Browser.Payer(ctx, sample, dev.Form, r.Scripts); err != nil {
			return err
		}
	}
	for i, text := range r.Steps {
		if err := r.step(ctx, text); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, text, err)
		}
	}
	if err := r.until(ctx, func() error { return r.judge(ctx) }); err != nil {
		return fmt.Errorf("the ledger: %w", err)
	}
	return nil
}

func before(text, sep string) string {
	head, _, _ := strings.Cut(text, sep)
	return head
}

func (r *run) step(ctx context.Context, text string) error {
	s, err := parse(text)
	if err != nil {
		return err
	}
	if s.screen && r.payer == nil {
		s.do = s.plain
	}
	if s.do == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.options.Patience)
	defer cancel()
	return s.do(ctx, r, s.args)
}

// prepare makes phone, faults and session as the scenario has them, on a stage where
// nothing is left of the last one.
func (r *run) prepare(ctx context.Context) error {
	if err := r.stage.control(ctx, "reset", map[string]any{}, nil); err != nil {
		return err
	}
	if err := r.setClock(ctx); err != nil {
		return err
	}
	if r.Phone != nil {
		if err := r.stage.control(ctx, "phone", r.Phone, nil); err != nil {
			return err
		}
	}
	if err := r.openSession(ctx); err != nil {
		return err
	}
	rules := make([]map[string]any, len(r.Faults))
	for i, f := range r.Faults {
		rules[i] = map[string]any{"fault": f.Fault, "operation": f.Operation, "next": f.Next, "percent": f.Percent, "per_mille": f.PerMille, "session": r.session.ID}
		if f.Everybody {
			delete(rules[i], "session")
		}
	}
	return r.stage.control(ctx, "faults", map[string]any{"seed": r.options.Seed, "rules": rules}, nil)
}

func (r *run) setClock(ctx context.Context) error {
	at, err := r.moment()
	if err != nil || at.IsZero() {
		return err
	}
	ahead := int64(time.Until(at) / time.Second)
	return r.stage.control(ctx, "clock", map[string]any{"advance_seconds": ahead}, nil)
}

// session is one as its merchant sees it.
type session struct {
	ID       string            `json:"id"`
	URL      string            `json:"url"`
	Status   pay.SessionStatus `json:"status"`
	Attempts []struct {
		OutTradeNo string           `json:"out_trade_no"`
		State      pay.AttemptState `json:"state"`
		PaidAt     time.Time        `json:"paid_at"`
	} `json:"attempts"`
	Refunds []struct {
		Amount pay.Money        `json:"amount"`
		Status pay.RefundStatus `json:"status"`
	} `json:"refunds"`
}

// aSmallOrder is the amount of an ordinary order, in fen.
const aSmallOrder = 1234

func (r *run) openSession(ctx context.Context) error {
	order := map[string]any{
		"merchant_reference": r.Name, "amount": pay.Money{Currency: "CNY", Value: aSmallOrder},
		"description": "Enamel mug", "return_url": r.stage.Origin + "/demo/thanks?shop=" + r.Merchant, "locale": r.Locale,
	}
	if len(r.Order) > 0 {
		if err := json.Unmarshal(r.Order, &order); err != nil {
			return fmt.Errorf("order: %w", err)
		}
	}
	for _, address := range []string{"return_url", "renew_url"} {
		if path, ok := order[address].(string); ok && strings.HasPrefix(path, "/") {
			order[address] = r.stage.Origin + path
		}
	}
	return r.merchant(ctx, "/v1/sessions", order, &r.session)
}

// address is that of the page, as the payer opens it.
func (r *run) address() string {
	query := r.Query
	if r.Via != "" {
		query = strings.TrimPrefix(query+"&via="+url.QueryEscape(r.Via), "&")
	}
	if query == "" {
		return r.session.URL
	}
	return r.session.URL + "?" + query
}

// merchant makes a call of the merchant's server; in is nil to ask only.
func (r *run) merchant(ctx context.Context, path string, in, into any) error {
	return r.merchantOnce(ctx, "", path, in, into)
}

// merchantOnce is such a call under an idempotency key, a new one if that is "".
func (r *run) merchantOnce(ctx context.Context, key, path string, in, into any) error {
	header := http.Header{"Authorization": {"Bearer " + r.stage.Key(r.Merchant)}}
	if in != nil {
		header.Set("Idempotency-Key", cmp.Or(key, fmt.Sprintf("%s-%d", strings.ReplaceAll(path, "/", "-"), time.Now().UnixNano())))
	}
	return call(ctx, r.stage.Origin+path, header, in, into)
}

func (r *run) look(ctx context.Context) (session, error) {
	var now session
	err := r.merchant(ctx, "/v1/sessions/"+r.session.ID, nil, &now)
	return now, err
}

// inWallet has the simulated phone do something with the newest order, once there is one.
func (r *run) inWallet(ctx context.Context, do string, in map[string]any) error {
	return r.inWalletOf(ctx, 0, do, in)
}

// inWalletOf does so with the first, second … order; 0 is the newest.
func (r *run) inWalletOf(ctx context.Context, order int, do string, in map[string]any) error {
	return r.until(ctx, func() error {
		now, err := r.look(ctx)
		if err != nil {
			return err
		}
		if len(now.Attempts) < max(order, 1) {
			return errors.New("there is no such order yet")
		}
		at := cmp.Or(order, len(now.Attempts)) - 1
		in["ref"] = now.Attempts[at].OutTradeNo
		return r.stage.control(ctx, do, in, nil)
	})
}

// until tries until it succeeds, or patience is over.
func (r *run) until(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, r.options.Patience)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pollEvery):
		}
	}
}

// control makes a call of the simulator's control API.
func (s *Stage) control(ctx context.Context, name string, in, into any) error {
	return call(ctx, s.Sim+"/control/"+name, nil, in, into)
}

func (s *Stage) calm(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, s.Sim+"/control/faults", nil)
	if err != nil {
		return err
	}
	return do(http.DefaultClient, request, nil)
}

// maxAnswer limits what is read of an answer, in bytes.
const maxAnswer = 4 << 20

func call(ctx context.Context, address string, header http.Header, in, into any) error {
	method, body := http.MethodGet, io.Reader(nil)
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		method, body = http.MethodPost, bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return do(http.DefaultClient, request, into)
}

func do(client *http.Client, request *http.Request, into any) error {
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s answers %d: %s", request.Method, request.URL.Path, response.StatusCode, bytes.TrimSpace(b))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(b, into)
}

var formToken = regexp.MustCompile(`name="form_token"[^>]*value="([0-9a-f]+)"|value="([0-9a-f]+)"[^>]*name="form_token"`)

// form loads the page and returns the request of a way to pay, as a browser without
// scripts would post it.
func (r *run) form(ctx context.Context, method, rail string) (*http.Request, error) {
	page, err := http.NewRequestWithContext(ctx, http.MethodGet, r.session.URL+"?choose=1", nil)
	if err != nil {
		return nil, err
	}
	page.Header.Set("User-Agent", r.agent)
	page.Header.Set("Accept", "text/html")
	response, err := r.client.Do(page)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	found := formToken.FindSubmatch(b)
	if found == nil {
		return nil, fmt.Errorf("the page (%d) has no form", response.StatusCode)
	}
	fields := url.Values{"method": {method}, "rail": {rail}, "form_token": {string(found[1]) + string(found[2])}, "words": {r.Query}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.session.URL+"/attempts", strings.NewReader(fields.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("User-Agent", r.agent)
	request.Header.Set("Accept", "text/html")
	request.Header.Set("Origin", r.stage.Origin)
	return request, nil
}

// postForm plays the payer's part without a browser: the order counts, not what the
// answer shows, which may be a wallet's link that no client can follow.
func (r *run) postForm(ctx context.Context, method, rail string) error {
	request, err := r.form(ctx, method, rail)
	if err != nil {
		return err
	}
	response, err := r.client.Do(request)
	if _, ok := errors.AsType[*url.Error](err); ok && response == nil && ctx.Err() == nil {
		return nil // a redirect to an app
	}
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (r *run) postTogether(ctx context.Context, method, rail string, times int) error {
	requests := make([]*http.Request, times)
	for i := range requests {
		var err error
		if i == 0 {
			requests[i], err = r.form(ctx, method, rail)
		} else {
			requests[i] = requests[0].Clone(ctx)
			requests[i].Body, err = requests[0].GetBody()
		}
		if err != nil {
			return err
		}
	}
	errs := make([]error, times)
	var all sync.WaitGroup
	for i, request := range requests {
		all.Go(func() {
			response, err := r.client.Do(request)
			if errs[i] = err; err == nil {
				errs[i] = response.Body.Close()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// choice is what the decision says of a method.
type choice struct {
	Method  string   `json:"method"`
	Ladder  []string `json:"ladder"`
	Reasons []struct {
		Code string `json:"code"`
	} `json:"reasons"`
}

// Codes lists the codes of the reasons.
func (c choice) Codes() []string {
	codes := make([]string, len(c.Reasons))
	for i, r := range c.Reasons {
		codes[i] = r.Code
	}
	return codes
}

// decision asks how the server decides about a method for this order on this device.
func (r *run) decision(ctx context.Context, method string) (choice, error) {
	order := struct {
		Amount pay.Money  `json:"amount"`
		Items  []pay.Item `json:"items"`
		Payer  struct {
			ID     string `json:"id"`
			Region string `json:"region"`
		} `json:"payer"`
	}{Amount: pay.Money{Currency: "CNY", Value: aSmallOrder}}
	if len(r.Order) > 0 {
		if err := json.Unmarshal(r.Order, &order); err != nil {
			return choice{}, err
		}
	}
	question := map[string]any{
		"amount": order.Amount, "items": order.Items, "user_agent": r.agent, "payer_id": order.Payer.ID, "region": order.Payer.Region,
	}
	var said struct {
		Decision struct {
			Choices []choice `json:"choices"`
		} `json:"decision"`
	}
	if err := r.merchant(ctx, "/v1/merchants/"+r.Merchant+"/decide", question, &said); err != nil {
		return choice{}, err
	}
	i := slices.IndexFunc(said.Decision.Choices, func(c choice) bool { return c.Method == method })
	if i < 0 {
		return choice{}, fmt.Errorf("the merchant has no %s", method)
	}
	return said.Decision.Choices[i], nil
}
