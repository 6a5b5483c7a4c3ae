package merchantlink_test

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/merchantlink"
	"morepay/internal/provider/providertest"
)

// section returns the first block of JSON below a heading of docs/merchantlink.md, or the
// nth, with what is left out there put in.
func section(t *testing.T, heading string, nth int) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/merchantlink.md")
	if err != nil {
		t.Fatal(err)
	}
	_, below, found := strings.Cut(string(text), "\n## "+heading+"\n")
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(below, nth)
	if !found || len(blocks) < nth {
		t.Fatalf("the document has no block %d below %q", nth, heading)
	}
	return strings.NewReplacer("MP4Q2X…", number, "mp7f0c…", refundNumber, "…", "").Replace(blocks[nth-1][1])
}

// shape returns the names in a message, in their order, and the texts that stand for
// words of the protocol.
func shape(t *testing.T, message string) string {
	t.Helper()
	if !json.Valid([]byte(message)) {
		t.Fatalf("this is no JSON: %s", message)
	}
	return strings.Join(regexp.MustCompile(`"[a-z_]+":`).FindAllString(message, -1), " ")
}

// TestDocumentedMessages: what the document shows is what is sent, and what it tells
// cashiers to say is understood.
func TestDocumentedMessages(t *testing.T) {
	t.Parallel()
	p := openFull(t, providertest.Nowhere)
	start, err := p.Request(orderBy(pay.RailQR))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := shape(t, section(t, "Start a payment", 1)), shape(t, string(start)); got != want {
		t.Errorf("a start is documented as\n%s and sent as\n%s", got, want)
	}
	paid, err := p.Notification(notification(section(t, "Tell about a payment", 1)))
	if err != nil || paid.Outcome != pay.OutcomePaid || paid.Amount.Value != 5980 || paid.Returned.Total.Value != 1000 {
		t.Errorf("a statement: %+v, %v", paid, err)
	}
	w := wireOf(t, refundNumber, answer{status: 200, body: section(t, "Refund", 2)})
	back, err := openFull(t, w.URL).(provider.Refunder).Refund(t.Context(), refundOrder())
	if err != nil || back.Returned.Status != pay.RefundPending || back.Returned.Reference == "" {
		t.Errorf("the answer to a refund: %+v, %v", back, err)
	}
	if got, want := shape(t, section(t, "Refund", 1)), shape(t, w.Sent()[0].Body); got != want {
		t.Errorf("a refund is documented as\n%s and sent as\n%s", got, want)
	}
	w = wireOf(t, "", answer{status: 200, body: `{"payer":"oUpF8"}`})
	if _, err := openFull(t, w.URL).(provider.PayerIdentifier).WalletPayerID(t.Context(), pay.RailJSAPI, "c"); err != nil {
		t.Fatal(err)
	}
	if got, want := shape(t, section(t, "Who pays: `jsapi`", 1)), shape(t, w.Sent()[0].Body); got != want {
		t.Errorf("a code is documented as\n%s and sent as\n%s", got, want)
	}
}

// TestDocumentedAnswers: every answer in the table of rails is taken.
func TestDocumentedAnswers(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/merchantlink.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| (?:`[a-z_]+` )?\\| `(\\{\"(qr|redirect|deep_link|jsapi)\": .*\\})` \\|").FindAllStringSubmatch(string(text), -1)
	if len(rows) != 5 {
		t.Fatalf("the table has %d answers", len(rows))
	}
	for _, row := range rows {
		w := newWire(t, answer{status: http.StatusOK, body: strings.ReplaceAll(row[1], "…", "x")})
		settings := fullSettings()
		settings["hosts"] = []string{"cashier.tea.example", "qr.95516.com"}
		p := providertest.Open(t, merchantlink.Open, settings, env(w.URL, whsec(secret)))
		if _, err := providertest.Start(t, p, orderBy(pay.Rail(row[2]))); err != nil {
			t.Errorf("%s: %v", row[1], err)
		}
	}
}

// TestDocumentedSettings: the settings in the document open an account.
func TestDocumentedSettings(t *testing.T) {
	t.Parallel()
	raw := strings.TrimPrefix(strings.TrimSpace(section(t, "Settings", 1)), `"merchantlink":`)
	e := env(providertest.Nowhere, whsec(secret))
	e.ReadKey = func(string) ([]byte, error) { return whsec(secret), nil }
	e.Granted = pay.Rails
	if _, err := merchantlink.Open([]byte(raw), e); err != nil {
		t.Error(err)
	}
}
