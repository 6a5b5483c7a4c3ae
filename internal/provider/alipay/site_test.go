package alipay_test

import (
	"slices"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

// An application of the sandbox is reached there, by us and by browsers, and nowhere else;
// and everybody is told that it takes no money.
func TestSandbox(t *testing.T) {
	t.Parallel()
	env := providertest.Env(providertest.Nowhere, keyFiles())
	p := providertest.Open(t, alipay.Open, providertest.With(goodSettings(), map[string]any{"sandbox": true}), env)
	const gateway = "https://openapi-sandbox.dl.alipaydev.com"
	for _, rail := range []pay.Rail{pay.RailDeepLink, pay.RailRedirect} {
		if action, err := start(t, p, rail); err != nil || !strings.HasPrefix(action.URL, gateway+"/gateway.do?") {
			t.Errorf("%s: %+v, %v", rail, action, err)
		}
	}
	if to := p.(provider.PayerIdentifier).AuthorizeURL("https://pay.example/", "s"); !strings.HasPrefix(to, "https://openauth-sandbox.dl.alipaydev.com/") {
		t.Errorf("payers are identified at %s", to)
	}
	targets := p.(provider.FormTargeter).FormTargets()
	if !slices.Contains(targets, gateway) || slices.ContainsFunc(targets, func(to string) bool { return strings.HasSuffix(to, "alipay.com") }) {
		t.Errorf("forms may lead to %v", targets)
	}
	other := open(t, providertest.Nowhere)
	if p.Fingerprint() == other.Fingerprint() {
		t.Error("it passes for the same account as the real one")
	}
	if got := p.(provider.Rehearser).Rehearses(); got == "" || other.(provider.Rehearser).Rehearses() != "" {
		t.Errorf("it rehearses at %q", got)
	}
}

// With the simulator in Alipay's place, the sandbox would never be asked.
func TestSandboxBesideTheSimulator(t *testing.T) {
	t.Parallel()
	env := providertest.Env(providertest.Nowhere, keyFiles())
	env.TestURL = "http://127.0.0.1:8081"
	_, err := alipay.Open([]byte(providertest.JSON(t, providertest.With(goodSettings(), map[string]any{"sandbox": true}))), env)
	if err == nil || !strings.Contains(err.Error(), "sandbox") || !strings.Contains(err.Error(), "--sim-url") {
		t.Errorf("got %v", err)
	}
}
