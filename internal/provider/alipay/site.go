package alipay

import "morepay/internal/pay"

// site is where Alipay is reached: origins.
type site struct {
	gateway   string
	authorize string // where a payer is identified
	pages     string // of its cashiers, to which the gateway redirects, as a policy has them
}

var (
	production = site{"https://openapi.alipay.com", "https://openauth.alipay.com", "https://*.alipay.com"}
	sandbox    = site{"https://openapi-sandbox.dl.alipaydev.com", "https://openauth-sandbox.dl.alipaydev.com", "https://*.alipaydev.com"}
)

// site returns where the account's application is.
func (s *settings) site() site {
	if s.Sandbox {
		return sandbox
	}
	return production
}

// checkSandbox refuses a sandbox that would never be asked.
func (s *settings) checkSandbox(simulator string) error {
	if s.Sandbox && simulator != "" {
		return pay.Errorf(pay.CodeInvalid, "sandbox", "can't be true while the simulator stands in Alipay's place: leave it out, or serve without --sim-url")
	}
	return nil
}

// Rehearses implements provider.Rehearser.
func (a *account) Rehearses() string {
	if a.Sandbox {
		return "Alipay's sandbox"
	}
	return ""
}
