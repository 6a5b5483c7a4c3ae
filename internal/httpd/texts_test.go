package httpd_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/locale"
	"morepay/internal/view"
)

// TestTexts: the catalogue that a page names is the one that the server drew with,
// and may be kept for ever; any other is not found.
func TestTexts(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	for _, tag := range append(locale.Tags(), locale.Pseudo) {
		a := s.Get(t, s.Origin+locale.Path(tag))
		var text view.Text
		if err := json.Unmarshal([]byte(a.Body), &text); err != nil || !maps.Equal(text, locale.Text(tag)) {
			t.Errorf("%s: %v, %d texts", tag, err, len(text))
		}
		if got := a.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control is %q", tag, got)
		}
	}
	if a := s.Get(t, s.Origin+locale.Prefix+"0123456789abcdef/en.json"); a.Status != http.StatusNotFound {
		t.Errorf("another hash: %d", a.Status)
	}
}
