package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// ErrSignature is the error of a message that was not signed with any of the secrets, or
// too long ago.
var ErrSignature = errors.New("the webhook is not signed with a secret of ours")

// Webhooks checks and reads messages.
type Webhooks struct{ secrets []*standardwebhooks.Webhook }

// NewWebhooks returns what checks messages by any of some secrets, whsec_…: while one is
// replaced there are two.
func NewWebhooks(secrets ...string) (*Webhooks, error) {
	w := &Webhooks{}
	for _, secret := range secrets {
		one, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return nil, fmt.Errorf("a webhook's secret is malformed: %w", err)
		}
		w.secrets = append(w.secrets, one)
	}
	return w, nil
}

// maxMessage is the longest message, in bytes.
const maxMessage = 64 << 10

// Read checks and reads the message that a request brings. Fails with ErrSignature if
// it is nobody's whom we know.
func (w *Webhooks) Read(r *http.Request) (Event, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxMessage))
	if err != nil {
		return Event{}, err
	}
	return w.Verify(body, r.Header)
}

// Verify checks a message over the bytes that came, and reads it.
func (w *Webhooks) Verify(body []byte, header http.Header) (e Event, err error) {
	for _, secret := range w.secrets {
		if secret.Verify(body, header) == nil {
			err = json.Unmarshal(body, &e)
			return e, err
		}
	}
	return e, ErrSignature
}
