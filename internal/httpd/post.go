package httpd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"morepay/internal/idempotency"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/seal"
)

// post runs a merchant's POST: authenticated by a key with the needed scope, strictly
// decoded, and done once per Idempotency-Key. do's result is answered with status; its reply is kept
// sealed, because a session's holds the payer's token.
func (s *Server) post(w http.ResponseWriter, r *http.Request, needed folder.Scope, status int, into any, do func(ctx context.Context, merchant string) (any, error)) error {
	merchant, err := s.caller(w, r, writes, needed)
	if err != nil {
		return err
	}
	name := r.Header.Get("Idempotency-Key")
	if name == "" || len(name) > maxIdempotencyKey {
		return pay.Errorf(pay.CodeInvalid, "Idempotency-Key", "is needed, of at most %d characters", maxIdempotencyKey)
	}
	body, err := readJSON(w, r, maxAPIBody, into)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	key := idempotency.Key{Scope: merchant + " " + r.URL.Path, Name: name}
	replayed := true
	reply, err := idempotency.Do(r.Context(), s.replies, key, hex.EncodeToString(sum[:]), s.now,
		func(ctx context.Context) (idempotency.Reply, error) {
			replayed = false
			result, err := do(ctx, merchant)
			if err != nil {
				return idempotency.Reply{}, err
			}
			b, err := json.Marshal(result)
			return idempotency.Reply{Status: status, ContentType: jsonType, Body: s.secrets.sealBytes(seal.ForReply, b)}, err
		})
	if err != nil {
		return err
	}
	plain, err := s.secrets.openBytes(seal.ForReply, reply.Body)
	if err != nil {
		return pay.Wrap(pay.CodeInternal, err, "a kept reply can't be opened: has the server's secret changed?")
	}
	h := w.Header()
	h.Set("Content-Type", reply.ContentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if replayed {
		h.Set("Idempotent-Replayed", "true")
	}
	w.WriteHeader(reply.Status)
	_, err = w.Write(plain)
	return err
}

// maxIdempotencyKey is the longest Idempotency-Key, in bytes.
const maxIdempotencyKey = 255
