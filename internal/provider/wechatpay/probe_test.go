package wechatpay_test

import (
	"net/http"
	"strings"
	"testing"

	"morepay/internal/provider"
)

// An answer to the probe is in order unsigned, because errors may be, and signed by
// the configured key; not by another one, and not if it is another answer.
func TestProbe(t *testing.T) {
	t.Parallel()
	const none = `{"code":"ORDER_NOT_EXIST","message":"none"}`
	ours := func(h http.Header) { signed(h, []byte(none), now) }
	another := func(h http.Header) {
		ours(h)
		h.Set("Wechatpay-Serial", "PUB_KEY_ID_OTHER")
	}
	for name, c := range map[string]struct {
		answer answer
		signed bool
		says   string // of what is wrong; "" for nothing
	}{
		"signed":       {answer{status: 404, body: none, sign: ours}, true, ""},
		"unsigned":     {answer{status: 404, body: none}, false, ""},
		"by-another":   {answer{status: 404, body: none, sign: another}, false, "none of the configured ones"},
		"of-other":     {answer{status: 404, body: none + " ", sign: ours}, false, "the signature is wrong"},
		"wrong-serial": {answer{status: 401, body: `{"code":"SIGN_ERROR"}`}, false, "SIGN_ERROR"},
		"overloaded":   {answer{status: 503, body: none}, false, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, always(c.answer))
			proven, err := open(t, w.URL, nil).(provider.Prober).Probe(t.Context(), number)
			if proven != c.signed || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("signed %v, %v; want %v, %q", proven, err, c.signed, c.says)
			}
			for _, s := range w.Sent() {
				if !strings.HasPrefix(s.Path, "GET ") {
					t.Errorf("it sends %s", s.Path)
				}
			}
		})
	}
}
