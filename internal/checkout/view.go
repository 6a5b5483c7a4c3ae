package checkout

import (
	"context"
	"slices"
	"sync"
	"time"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/qrcode"
	"morepay/internal/view"
)

// PageState is what a request adds to a session when its page is drawn.
type PageState struct {
	Device   device.Device
	Choose   bool       // show the list although an attempt is live
	PageQR   pay.Method // show our own page's QR for this method; "" for none
	Returned bool       // the payer came back from the wallet
	ShareURL string     // absolute link of our page
	SharePNG string     // path of its QR as a picture
}

// View is a session as its payer may see it. What the route adds (paths, texts,
// tokens) is left to httpd.
func (s *Service) View(ctx context.Context, l *pay.Ledger, p PageState) (view.Checkout, error) {
	doc, err := s.document(ctx, &l.Session)
	if err != nil {
		return view.Checkout{}, err
	}
	live, err := s.Live(l, p)
	return view.Checkout{
		Version:     view.Version,
		Description: l.Session.Description,
		Amount:      l.Session.Amount,
		Order:       s.order(&l.Session),
		Device:      p.Device,
		Document:    doc,
		Live:        live,
	}, err
}

// Live is the part of the view that changes.
func (s *Service) Live(l *pay.Ledger, p PageState) (view.Live, error) {
	now := s.now()
	v := view.Live{
		Status: string(l.StatusAt(now)), LastEvent: l.Session.LastEvent,
		ServerTime: now, ExpiresAt: l.Session.ExpiresAt,
	}
	v.State = stateOf(l, now, p)
	if v.State != view.StateSubmitting && v.State != view.StateWaiting {
		return v, nil
	}
	payment, err := s.payment(l, p)
	v.Payment = payment
	return v, err
}

// screens gives the screen of every session status but open.
var screens = map[pay.SessionStatus]view.State{
	pay.SessionPaid:     view.StatePaid,
	pay.SessionPaidLate: view.StatePaid,
	pay.SessionExpired:  view.StateExpired,
	pay.SessionCanceled: view.StateCanceled,
}

// attemptScreens gives the screen of an open session by its current attempt.
var attemptScreens = map[pay.AttemptState]view.State{
	pay.AttemptSubmitting: view.StateSubmitting,
	pay.AttemptAwaiting:   view.StateWaiting,
	pay.AttemptFailed:     view.StateFailed,
	pay.AttemptClosed:     view.StateSelect,
}

func stateOf(l *pay.Ledger, now time.Time, p PageState) view.State {
	if screen, ok := screens[l.StatusAt(now)]; ok {
		return screen
	}
	if p.PageQR != "" {
		return view.StateWaiting
	}
	current := l.Current()
	if p.Choose || current == nil || strandedCode(current, p.Device) {
		return view.StateSelect
	}
	return attemptScreens[current.State]
}

// strandedCode tells whether an attempt shows a wallet's code that this device
// can't be paid by: made on a desktop, and its page opened on the phone that
// should scan it.
func strandedCode(a *pay.Attempt, d device.Device) bool {
	return a.Rail == pay.RailQR && !slices.Contains(method.Find(a.Method).Ladder(d), pay.RailQR)
}

func (s *Service) payment(l *pay.Ledger, p PageState) (*view.Payment, error) {
	if p.PageQR != "" {
		qr, err := s.draw(p.ShareURL, p.SharePNG)
		return &view.Payment{Method: p.PageQR, Rail: pay.RailPageQR, QR: qr}, err
	}
	a := l.Current()
	v := &view.Payment{AttemptID: a.ID, Method: a.Method, Rail: a.Rail, Returned: p.Returned}
	if a.Action == nil {
		return v, nil
	}
	v.ExpiresAt = a.Action.ExpiresAt
	switch a.Action.Kind {
	case pay.ActionQRCode:
		// No picture to save: wallets refuse codes of their own that come from the
		// album, so offering one would send the payer into a wall.
		qr, err := s.draw(a.Action.Payload, "")
		v.QR = qr
		return v, err
	case pay.ActionBridge:
		v.Bridge = &view.Bridge{Name: a.Action.Bridge, Params: a.Action.Params}
	}
	return v, nil
}

func (s *Service) draw(payload, png string) (*view.QR, error) {
	code, err := s.codes.get(payload)
	if err != nil {
		return nil, err
	}
	return &view.QR{Size: code.Size, Path: code.Path, PNG: png}, nil
}

// order is what a decision needs to know of a session.
func (s *Service) order(session *pay.Session) capability.Order {
	return capability.Order{
		Amount: session.Amount, Items: session.Items, Payer: capability.PayerKey(session.MerchantPayerID),
		Region: session.Region, Down: s.accounts.Down(session.Merchant),
	}
}

func (s *Service) decide(ctx context.Context, l *pay.Ledger, dev device.Device) (capability.Decision, error) {
	doc, err := s.document(ctx, &l.Session)
	if err != nil {
		return capability.Decision{}, err
	}
	return capability.Decide(doc, s.order(&l.Session), dev, s.now()), nil
}

// document is the one that a session was created under, with the methods closed
// that the merchant has closed since.
func (s *Service) document(ctx context.Context, session *pay.Session) (*capability.Document, error) {
	current, version, err := s.merchants.Document(ctx, session.Merchant)
	if err != nil || version == session.DocumentVersion {
		return current, err
	}
	pinned, err := s.merchants.DocumentAt(ctx, session.Merchant, session.DocumentVersion)
	if err != nil {
		return nil, err
	}
	return closeAsIn(pinned, current), nil
}

func closeAsIn(pinned, current *capability.Document) *capability.Document {
	doc := *pinned
	doc.Methods = slices.Clone(pinned.Methods)
	for i := range doc.Methods {
		m := &doc.Methods[i]
		now := slices.IndexFunc(current.Methods, func(c capability.Method) bool { return c.Method == m.Method })
		if now < 0 || current.Methods[now].State == capability.StateClosed {
			m.State = capability.StateClosed
		}
	}
	return &doc
}

// codeCache keeps drawn codes, because drawing one costs more than the rest of
// the page. The zero value is ready.
type codeCache struct {
	mu    sync.Mutex
	codes map[string]qrcode.Code
}

// maxCodes bounds the cache; a code takes about 8 KiB.
const maxCodes = 2048

func (c *codeCache) get(payload string) (qrcode.Code, error) {
	c.mu.Lock()
	code, ok := c.codes[payload]
	c.mu.Unlock()
	if ok {
		return code, nil
	}
	code, err := qrcode.Encode(payload)
	if err != nil {
		return code, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.codes == nil || len(c.codes) >= maxCodes {
		c.codes = make(map[string]qrcode.Code)
	}
	c.codes[payload] = code
	return code, nil
}
