package httpd_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

// kept is the field by which a form asks for the instalments that the payer is on.
var kept = regexp.MustCompile(`<input[^>]* name="instalments"[^>]* value="3"`)

// Without scripts a payer chooses instalments in the method's own form; the page, the
// API and the receipt keep them. Where none are granted there is nothing to choose.
func TestInstalmentsWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "everything"})
	list := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", demotest.Desktop).Body
	if n := strings.Count(list, `name="instalments"`); n != 2 || !strings.Contains(list, `<option value="12"`) {
		t.Fatalf("the list has %d choices of instalments: %s", n, list)
	}
	form := s.Form(t, open, "alipay", pay.RailQR)
	for number, status := range map[string]int{"5": http.StatusUnprocessableEntity, "three": http.StatusBadRequest} {
		form.Set("instalments", number)
		if a := s.Do(t, s.post(t, open, "/attempts", "", form, "User-Agent", demotest.Desktop)); a.Status != status {
			t.Errorf("in %s: status %d, want %d", number, a.Status, status)
		}
	}
	form.Set("instalments", "3")
	if a := s.Do(t, s.post(t, open, "/attempts", "", form, "User-Agent", demotest.Desktop)); a.Status != http.StatusSeeOther {
		t.Fatalf("in 3: status %d: %s", a.Status, a.Body)
	}
	code := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", demotest.Desktop).Body
	if !kept.MatchString(code) {
		t.Errorf("the page with the code forgets the instalments: %s", code)
	}
	other := s.Get(t, s.Open(t, demotest.Order{Merchant: "bench"}).URL, "Accept", "text/html", "User-Agent", demotest.Desktop).Body
	if strings.Contains(other, `name="instalments"`) {
		t.Error("a merchant without instalments offers some")
	}
}
