package harness

import (
	"context"
	"net/netip"

	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/providersim"
)

// Merchant is the sample merchant that offers every method on every rail.
const Merchant = "bench"

// agents are a browser for each rail that offers it.
var agents = map[pay.Rail]string{
	pay.RailQR:       "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
	pay.RailRedirect: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
	pay.RailDeepLink: "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
	pay.RailPageQR:   "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
}

// Order is a session of [Merchant] that is in order.
func (h *Harness) Order(fen int64) checkout.NewSession {
	return checkout.NewSession{
		Reference: "A-1", Amount: pay.Money{Currency: "CNY", Value: fen}, Description: "两双袜子", ReturnURL: h.BaseURL + "/demo/thanks",
	}
}

// Open opens a session of fen as the merchant's server does.
func (h *Harness) Open(ctx context.Context, fen int64) (l *pay.Ledger, token string, err error) {
	return h.Service().Create(ctx, Merchant, h.Order(fen))
}

// Choose makes an attempt as a payer does, in a browser that offers the rail.
func (h *Harness) Choose(ctx context.Context, sessionID string, m pay.Method, r pay.Rail) (*pay.Ledger, error) {
	done, err := h.Service().Attempt(ctx, sessionID, checkout.AttemptRequest{
		Method: m, Rail: r, Device: device.Detect(agents[r]), PayerIP: netip.MustParseAddr("203.0.113.9"), ReturnURL: h.BaseURL + "/return/sealed",
		FormPage: h.BaseURL + "/form/sealed",
	})
	return done.Ledger, err
}

// Approve pays an attempt on the simulated phone.
func (h *Harness) Approve(a *pay.Attempt) error {
	_, err := h.Sim.Approve(providersim.Ming, a.OutTradeNo)
	return err
}

// Agent is the user agent of a browser that offers a rail.
func Agent(r pay.Rail) string { return agents[r] }
