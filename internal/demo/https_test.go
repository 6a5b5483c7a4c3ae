package demo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"morepay/internal/capability"
	"morepay/internal/merchant/folder"
	"morepay/internal/webhook"
)

// TestReturnURLHasTheServersScheme: behind TLS the shop is reached by https too, and
// a return URL of plain http is under none of its merchants' prefixes.
func TestReturnURLHasTheServersScheme(t *testing.T) {
	t.Parallel()
	var got string
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			ReturnURL string `json:"return_url"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		got = body.ReturnURL
		http.Error(w, "{}", http.StatusBadRequest) // enough was heard
	}))
	defer api.Close()
	shop := Shop{Merchant: folder.Merchant{
		ID: "demo", Document: &capability.Document{Merchant: "demo"},
		Webhooks: []webhook.Endpoint{{Secrets: []string{webhookSecret()}}},
	}}
	s, err := NewStorefront([]Shop{shop}, api.URL, "http://127.0.0.1:8081")
	if err != nil {
		t.Fatal(err)
	}
	s.http = api.Client()
	r := httptest.NewRequest(http.MethodGet, "https://pay.example/demo/pay", nil)
	s.ServeHTTP(httptest.NewRecorder(), r)
	if want := "https://pay.example/demo/thanks?shop=demo"; got != want {
		t.Errorf("the return URL is %q, want %q", got, want)
	}
}
