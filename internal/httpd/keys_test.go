package httpd_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
	"morepay/internal/httpd"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
)

// TestScopes: every call of the merchants' API takes keys of one scope, and those of all.
func TestScopes(t *testing.T) {
	t.Parallel()
	s := start(t)
	shop := s.Shop(t, "bench")
	paid := s.pays(t)
	open := s.Open(t, demotest.Order{})
	calls := map[string]struct { // by the route's pattern
		scope    folder.Scope
		id, body string
	}{
		"GET /v1/sessions":               {folder.ScopeRead, "", ""},
		"GET /v1/sessions/{id}":          {folder.ScopeRead, paid.ID, ""},
		"GET /v1/refunds":                {folder.ScopeRead, "", ""},
		"GET /v1/refunds/{id}":           {folder.ScopeRead, "rf_none", ""},
		"GET /v1/events":                 {folder.ScopeRead, "", ""},
		"GET /v1/events/{id}":            {folder.ScopeRead, "evt_none", ""},
		"POST /v1/merchants/{id}/decide": {folder.ScopeRead, "bench", `{"amount":{"currency":"CNY","value":1}}`},
		"POST /v1/sessions":              {folder.ScopeWrite, "", s.JSON(t, demotest.Order{}, nil)},
		"POST /v1/sessions/{id}/cancel":  {folder.ScopeWrite, open.ID, "{}"},
		"POST /v1/sessions/{id}/expire":  {folder.ScopeWrite, paid.ID, "{}"},
		"POST /v1/sessions/{id}/extend":  {folder.ScopeWrite, paid.ID, `{"expires_in":60}`},
		"POST /v1/events/{id}/redeliver": {folder.ScopeWrite, "evt_none", "{}"},
		"POST /v1/sessions/{id}/refunds": {folder.ScopeRefund, paid.ID, `{"amount":{"currency":"CNY","value":1}}`},
	}
	public, _ := httpd.Patterns()
	for _, pattern := range public {
		method, path, _ := strings.Cut(pattern, " ")
		if !strings.HasPrefix(path, "/v1/") || slices.Contains(keyless, pattern) {
			continue
		}
		c, ok := calls[pattern]
		if !ok {
			t.Errorf("%s: no scope is said", pattern)
		}
		for _, has := range folder.Scopes {
			a := s.Do(t, demotest.Request(t, method, s.Origin+strings.Replace(path, "{id}", c.id, 1), c.body,
				"Authorization", "Bearer "+shop.Scoped(has), "Content-Type", demotest.TypeJSON, "Idempotency-Key", string(has)))
			var code pay.Code
			if a.Status >= 400 {
				code, _ = a.Problem(t)
			}
			if refused := code == pay.CodeScopeMissing; refused != (has != c.scope) || refused != (a.Status == http.StatusForbidden) {
				t.Errorf("%s with a key to %s: status %d: %s", pattern, has, a.Status, a.Body)
			}
			named := `scope="` + string(c.scope) + `"`
			if has != c.scope && (!strings.Contains(a.Body, "the scope "+string(c.scope)) || !strings.HasSuffix(a.Header.Get("WWW-Authenticate"), named)) {
				t.Errorf("%s with a key to %s does not name the scope: %v: %s", pattern, has, a.Header, a.Body)
			}
		}
	}
}

// keyless are the calls that pages may make.
var keyless = []string{
	"GET /v1/merchants/{id}/capabilities", "GET /v1/merchants/{id}/eligibility", "GET /v1/schemas/capabilities.json",
}

// TestKeyList: operators see which keys there are, what each is for and when it was used
// last, and never a key or its hash.
func TestKeyList(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	shop := s.Shop(t, "bench")
	var list struct {
		Keys []struct {
			ID, Fingerprint string
			Scopes          []folder.Scope
			LastUsedAt      time.Time `json:"last_used_at"`
		}
	}
	read := shop.Scoped(folder.ScopeRead)
	look := func() map[string]time.Time {
		a := s.admin(t, http.MethodGet, "/merchants/bench/keys", nil)
		if a.Decode(t, &list); a.Status != http.StatusOK || strings.Contains(a.Body, folder.HashKey(read)) {
			t.Fatalf("status %d: %s", a.Status, a.Body)
		}
		used := map[string]time.Time{}
		for _, k := range list.Keys {
			used[k.ID] = k.LastUsedAt
		}
		return used
	}
	if used := look(); len(used) != 4 || !used["demo-read"].IsZero() {
		t.Errorf("before it was used: %v", used)
	}
	if k := list.Keys[0]; k.ID != "demo" || !slices.Equal(k.Scopes, folder.Scopes) || k.Fingerprint != folder.HashKey(shop.Key)[:16] {
		t.Errorf("the key for everything: %+v", k)
	}
	for _, path := range []string{"/v1/sessions", "/v1/sessions/cs_none"} {
		s.Get(t, s.Origin+path, "Authorization", "Bearer "+read)
	}
	if used := look(); used["demo-read"].IsZero() || !used["demo-refund"].IsZero() {
		t.Errorf("after it was used: %v", used)
	}
	if a := s.admin(t, http.MethodGet, "/merchants/nobody/keys", nil); a.Status != http.StatusNotFound {
		t.Errorf("of nobody: status %d", a.Status)
	}
}
