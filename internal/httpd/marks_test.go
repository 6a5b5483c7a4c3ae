package httpd_test

import (
	"net/http"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
	"morepay/internal/providersim"
)

// refuseNext has the provider say that the merchant may not use what the next order
// is for.
func (s *harness) refuseNext(t *testing.T) {
	t.Helper()
	if err := s.Sim.Inject(providersim.Rule{Fault: "prepay-refused", Next: 1}); err != nil {
		t.Fatal(err)
	}
}

// live holds the fields of the page's JSON that the tests read.
type live struct {
	State   string
	Payment *struct {
		Rail pay.Rail
		QR   *struct{ Path string }
	}
	NotGranted []struct {
		Method pay.Method
		Rail   pay.Rail
	} `json:"not_granted"`
}

// A payer whose rail turns out not to be granted sees a code in the same answer,
// and those who come after are not sent into that wall.
func TestNotGrantedShowsACode(t *testing.T) {
	s := start(t, withAdminKey)
	open := s.Open(t, demotest.Order{})
	s.refuseNext(t)
	var got live
	s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "wechat_pay", pay.RailQR), "Accept", demotest.TypeJSON)).Decode(t, &got)
	if got.State != "waiting" || got.Payment == nil || got.Payment.Rail != pay.RailPageQR || got.Payment.QR == nil || got.Payment.QR.Path == "" {
		t.Errorf("the answer shows %+v", got)
	}
	other := s.Open(t, demotest.Order{})
	page := s.Get(t, other.URL, "Accept", "text/html", "User-Agent", demotest.Desktop)
	if strings.Contains(rowOf(page.Body, "wechat_pay"), `value="qr"`) || !strings.Contains(rowOf(page.Body, "wechat_pay"), `value="page_qr"`) {
		t.Errorf("the next payer is offered %s", rowOf(page.Body, "wechat_pay"))
	}
	if n := strings.Count(s.Log.String(), "does not grant a rail"); n != 1 {
		t.Errorf("the log says so %d times", n)
	}
	var listed struct {
		NotGranted []struct {
			Merchant, Method, Rail, Code string
		} `json:"not_granted"`
	}
	s.admin(t, http.MethodGet, "/rails", nil).Decode(t, &listed)
	if len(listed.NotGranted) != 1 || listed.NotGranted[0].Code != "NO_AUTH" || listed.NotGranted[0].Rail != "qr" {
		t.Errorf("operators see %+v", listed)
	}
	if code, field := s.admin(t, http.MethodPost, "/rails/retry", map[string]string{}).Problem(t); code != pay.CodeInvalid || field != "merchant" {
		t.Errorf("without a merchant: %s %s", code, field)
	}
	if a := s.admin(t, http.MethodPost, "/rails/retry", map[string]string{"merchant": "bench", "method": "wechat_pay"}); a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if a := s.admin(t, http.MethodPost, "/rails/retry", map[string]string{"merchant": "bench"}); a.Status != http.StatusNotFound {
		t.Errorf("a second time: status %d", a.Status)
	}
	eventually(t, "offered again", func() bool {
		page := s.Get(t, other.URL, "Accept", "text/html", "User-Agent", demotest.Desktop)
		return strings.Contains(rowOf(page.Body, "wechat_pay"), `value="qr"`)
	})
}

// A rail that leaves the page is the row's button, and waits for a tap.
func TestNotGrantedAsksForATap(t *testing.T) {
	s := start(t)
	open := s.Open(t, demotest.Order{})
	s.refuseNext(t)
	a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "alipay", pay.RailQR)))
	row := rowOf(a.Body, "alipay")
	if a.Status != http.StatusOK || strings.Contains(row, `value="qr"`) || !strings.Contains(row, `value="redirect"`) {
		t.Errorf("status %d, the row is %s", a.Status, row)
	}
	var got live
	s.Get(t, open.URL+"/events", "Accept", demotest.TypeJSON).Decode(t, &got)
	if len(got.NotGranted) != 1 || got.NotGranted[0].Method != "alipay" || got.NotGranted[0].Rail != pay.RailQR {
		t.Errorf("the browser's side hears %+v", got)
	}
	if a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "alipay", pay.RailRedirect))); a.Status != http.StatusSeeOther {
		t.Errorf("the tap: status %d", a.Status)
	}
}

// rowOf is a method's row of a page.
func rowOf(page, method string) string {
	_, row, _ := strings.Cut(page, `data-method="`+method+`"`)
	row, _, _ = strings.Cut(row, `data-method="`)
	return row
}
