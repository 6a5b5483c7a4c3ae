package httpd

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"morepay/internal/merchant"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
)

// budget is a kind of calls that has an allowance of its own.
type budget string

const (
	writes budget = "writes"
	reads  budget = "reads"
	polls  budget = "polls"
)

func (b budget) of(r folder.Rates) limit {
	return limit{map[budget]int{writes: r.Writes, reads: r.Reads, polls: r.Polls}[b], time.Second}
}

// bearer returns the key that a request carries, "" for none. The scheme may be in
// letters of any case (RFC 9110, section 11.1).
func bearer(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(key, " ")
}

// reader returns the merchant whose key with the scope read a request carries. Fails as
// caller does.
func (s *Server) reader(w http.ResponseWriter, r *http.Request, b budget) (string, error) {
	return s.caller(w, r, b, folder.ScopeRead)
}

// caller returns the merchant whose secret key a request carries, and tells them what is
// left of the budget. Fails with unauthorized, rate_limited, or scope_missing.
func (s *Server) caller(w http.ResponseWriter, r *http.Request, b budget, needed folder.Scope) (string, error) {
	key := bearer(r)
	if key == "" {
		return "", pay.Errorf(pay.CodeUnauthorized, "Authorization", "must be Bearer and a secret key")
	}
	id, known, ok := s.merchants.ByKey(key)
	if !ok {
		return "", pay.Errorf(pay.CodeUnauthorized, "Authorization", "the key is not known")
	}
	s.keys.Used(merchant.KeyUse{Merchant: id, Key: known.Fingerprint(), At: s.now()})
	if !s.exempt(s.clientIP(r)) {
		if err := s.spend(w.Header(), id, b); err != nil {
			return "", err
		}
	}
	if !known.Allows(needed) {
		return "", lacks(known, needed)
	}
	return id, nil
}

// lacks is the refusal of a key that may not do what it is used for.
func lacks(key folder.APIKey, needed folder.Scope) error {
	refusal := pay.Errorf(pay.CodeScopeMissing, "Authorization", "the key %q lacks the scope %s", key.ID, needed)
	refusal.Err = missingScope(needed)
	return refusal
}

// missingScope is the cause of a refusal: the scope that a key lacks.
type missingScope folder.Scope

func (m missingScope) Error() string { return "needs " + string(m) }

// spend takes a call from a merchant's budget and tells what is left of it. Fails with
// rate_limited.
func (s *Server) spend(h http.Header, id string, b budget) error {
	left, err := s.limits.api.take(string(b)+" "+id, b.of(s.merchants.Rates(id)))
	h.Set("RateLimit-Limit", strconv.Itoa(left.limit.n))
	h.Set("RateLimit-Remaining", strconv.Itoa(left.remaining))
	h.Set("RateLimit-Reset", strconv.Itoa(seconds(left.reset)))
	return err
}

// keyBody is an API key as operators see it.
type keyBody struct {
	ID          string         `json:"id"`
	Scopes      []folder.Scope `json:"scopes"`
	Fingerprint string         `json:"fingerprint"` // the first 16 digits of its SHA-256
	LastUsedAt  time.Time      `json:"last_used_at,omitzero"`
}

// handleListKeys lists a merchant's keys, as this server has read them.
func (s *Server) handleListKeys(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if _, err := s.revisions.Get(r.Context(), id); err != nil {
		return err
	}
	last, err := s.keys.Last(r.Context(), id)
	if err != nil {
		return err
	}
	list := []keyBody{}
	for _, k := range s.merchants.Keys(id) {
		scopes := k.Scopes
		if scopes == nil {
			scopes = folder.Scopes
		}
		list = append(list, keyBody{k.ID, scopes, k.Fingerprint(), last[k.Fingerprint()]})
	}
	return writeJSON(w, http.StatusOK, map[string]any{"keys": list})
}
