package provider_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/provider"
)

// silent is a provider that takes a request and never finishes an answer.
type silent struct{ answers bool }

func (s silent) RoundTrip(r *http.Request) (*http.Response, error) {
	if !s.answers {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: http.StatusOK, Body: endless{r}, Request: r}, nil
}

// endless is a body of which nothing comes.
type endless struct{ r *http.Request }

func (e endless) Read([]byte) (int, error) {
	<-e.r.Context().Done()
	return 0, e.r.Context().Err()
}

func (e endless) Close() error { return nil }

// A provider that is silent costs a payer the call's time limit, whether it is
// silent before its answer or in it.
func TestClientGivesUp(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]bool{"no-answer": false, "half-an-answer": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.provider.example/", nil)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := provider.NewHTTPClient(silent{answers}).Do(request)
				if err == nil {
					_, err = io.ReadAll(resp.Body)
					resp.Body.Close()
				}
				if took := time.Since(start); err == nil || took != provider.CallTimeout {
					t.Errorf("it ended after %s with %v, want %s", took, err, provider.CallTimeout)
				}
			})
		})
	}
}
