package httpd_test

import (
	"bytes"
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/httpd"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/store"
	"morepay/internal/store/pgtest"
)

const adminKey = "an operator's key"

func withAdminKey(c *demo.Config) { c.AdminKey = folder.HashKey(adminKey) }

// awaits opens a session and sends its payer to WeChat Pay; nobody has paid.
func (s *harness) awaits(t *testing.T) demotest.Session {
	t.Helper()
	open := s.Open(t, demotest.Order{})
	a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "wechat_pay", pay.RailQR)))
	if now := s.Look(t, open); a.Status != http.StatusSeeOther || len(now.Attempts) != 1 || now.Attempts[0].State != pay.AttemptAwaiting {
		t.Fatalf("status %d, attempts %+v", a.Status, now.Attempts)
	}
	return s.Look(t, open)
}

// merchantPost returns a POST of a merchant's server.
func (s *harness) merchantPost(t *testing.T, key, idempotencyKey, path, body string) *http.Request {
	t.Helper()
	return demotest.Request(t, http.MethodPost, s.Origin+path, body,
		"Authorization", "Bearer "+key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", idempotencyKey)
}

// wechatSays returns WeChat Pay's statement about a payment, right to the last
// field and encrypted with the merchant's key: only the signature is missing.
func (s *harness) wechatSays(t *testing.T, number string) string {
	t.Helper()
	key, err := s.Shop(t, "bench").ReadKey("wechat_api_v3_key")
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := rand.Text()[:aead.NonceSize()]
	plain := fmt.Sprintf(`{"mchid":"1600000000","appid":"wxdemo000000000000","out_trade_no":%q,"transaction_id":"4200000000000000000000000001","trade_type":"NATIVE",`+
		`"trade_state":"SUCCESS","success_time":%q,"payer":{"openid":"o1"},"amount":{"total":1234,"payer_total":1234,"currency":"CNY","payer_currency":"CNY"}}`,
		number, time.Now().Format(time.RFC3339))
	body, err := json.Marshal(map[string]any{"id": rand.Text(), "event_type": "TRANSACTION.SUCCESS", "resource_type": "encrypt-resource", "resource": map[string]string{
		"algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": "transaction",
		"ciphertext": base64.StdEncoding.EncodeToString(aead.Seal(nil, []byte(nonce), []byte(plain), []byte("transaction"))),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Messages that no provider sent: 401 in the provider's own words, nothing
// written, however the request was dressed up.
func TestForgedNotifications(t *testing.T) {
	t.Parallel()
	s := start(t)
	waiting := s.awaits(t)
	now := strconv.FormatInt(time.Now().Unix(), 10)
	wechatHeaders := []string{
		"Content-Type", demotest.TypeJSON, "Wechatpay-Serial", "PUB_KEY_ID_0100000000000000000000", "Wechatpay-Timestamp", now, "Wechatpay-Nonce", "n",
		"Wechatpay-Signature", base64.StdEncoding.EncodeToString(make([]byte, 256)),
	}
	paid := s.wechatSays(t, waiting.Attempts[0].OutTradeNo)
	alipay := url.Values{
		"app_id": {"2021000000000000"}, "out_trade_no": {waiting.Attempts[0].OutTradeNo}, "trade_status": {"TRADE_SUCCESS"},
		"total_amount": {"12.34"}, "sign_type": {"RSA2"}, "sign": {base64.StdEncoding.EncodeToString(make([]byte, 256))},
	}
	const form = "application/x-www-form-urlencoded"
	before := s.rows(t)
	for _, test := range []struct {
		name, path, host, body string
		headers                []string
		status                 int
		says                   string
	}{
		{"wechat-empty", "wechatpay/1600000000", "", "", nil, 401, "FAIL"},
		{"wechat-unsigned", "wechatpay/1600000000", "", paid, []string{"Content-Type", demotest.TypeJSON}, 401, "FAIL"},
		{"wechat-wrong-signature", "wechatpay/1600000000", "", paid, wechatHeaders, 401, "FAIL"},
		{"wechat-from-localhost", "wechatpay/1600000000", "localhost", paid, wechatHeaders, 401, "FAIL"},
		{"wechat-probe", "wechatpay/1600000000", "", paid, append(slices.Clone(wechatHeaders), "Wechatpay-Signature", "WECHATPAY/SIGNTEST/AAAA"), 401, "FAIL"},
		{"alipay-unsigned", "alipay/2088000000000000", "", "out_trade_no=1&trade_status=TRADE_SUCCESS", []string{"Content-Type", form}, 401, "fail"},
		{"alipay-wrong-signature", "alipay/2088000000000000", "", alipay.Encode(), []string{"Content-Type", form}, 401, "fail"},
		{"alipay-from-localhost", "alipay/2088000000000000", "localhost", alipay.Encode(), []string{"Content-Type", form}, 401, "fail"},
		{"cashier-unsigned", "merchantlink/bench", "", `{"id":"1","status":"paid"}`, nil, 401, ""},
		{"account-unknown", "wechatpay/1699999999", "", paid, wechatHeaders, 404, "not_found"},
		{"account-of-another-provider", "alipay/1600000000", "", paid, wechatHeaders, 404, "not_found"},
		{"provider-unknown", "paypal/1600000000", "", paid, wechatHeaders, 404, "not_found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := demotest.Request(t, http.MethodPost, s.Origin+"/notify/"+test.path, test.body, test.headers...)
			r.Host = test.host
			a := s.Do(t, r)
			if a.Status != test.status || !strings.Contains(a.Body, test.says) || strings.Contains(a.Body, "success") {
				t.Errorf("status %d, want %d: %s", a.Status, test.status, a.Body)
			}
		})
	}
	s.unchanged(t, before)
	if now := s.Look(t, waiting); now.Status != pay.SessionOpen || now.Attempts[0].State != pay.AttemptAwaiting {
		t.Errorf("the session is %s, its attempt %s", now.Status, now.Attempts[0].State)
	}
}

// tell returns the statement of a merchant's own cashier, signed with its key.
func (s *harness) tell(t *testing.T, merchant string, statement map[string]any) *http.Request {
	t.Helper()
	secret, err := s.Shop(t, merchant).ReadKey("cashier_secret")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := standardwebhooks.NewWebhook(string(secret))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(statement)
	if err != nil {
		t.Fatal(err)
	}
	now, id := time.Now(), rand.Text()
	signature, err := signer.Sign(id, now, body)
	if err != nil {
		t.Fatal(err)
	}
	return demotest.Request(t, http.MethodPost, s.Origin+"/notify/merchantlink/"+merchant, string(body), "Content-Type", demotest.TypeJSON,
		standardwebhooks.HeaderWebhookID, id, standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10),
		standardwebhooks.HeaderWebhookSignature, signature)
}

// A merchant signs what its cashier says, so it can say anything: about another
// merchant's payment, or the wrong sum, it is kept for a person and changes
// nothing.
func TestGenuineButWrong(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	open := s.Open(t, demotest.Order{Fen: 1234})
	a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "unionpay", pay.RailRedirect)))
	number := s.Look(t, open).Attempts[0].OutTradeNo
	if a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	other := s.awaits(t).Attempts[0].OutTradeNo // at WeChat Pay
	says := func(id string, currency string, fen int64) map[string]any {
		return map[string]any{"id": id, "status": "paid", "amount": pay.Money{Currency: currency, Value: fen}, "reference": rand.Text(), "paid_at": time.Now().UTC().Format(time.RFC3339)}
	}
	for i, test := range []struct {
		name, merchant string
		statement      map[string]any
		reason         string
	}{
		{"of-another-merchant", "demo", says(number, "CNY", 1234), "out_trade_no"},
		{"of-another-provider", "bench", says(other, "CNY", 1234), "out_trade_no"},
		{"too-little", "bench", says(number, "CNY", 1), "amount"},
		{"too-much", "bench", says(number, "CNY", 1235), "amount"},
		{"other-currency", "bench", says(number, "JPY", 1234), "amount"},
		{"made-up-number", "bench", says("MP0000000000", "CNY", 1234), "out_trade_no"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if a := s.Do(t, s.tell(t, test.merchant, test.statement)); a.Status != http.StatusNoContent {
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
			var kept struct {
				Quarantine []struct{ Reason, Account string }
			}
			s.Get(t, s.Admin+"/v1/admin/quarantine", "Authorization", "Bearer "+adminKey).Decode(t, &kept)
			if len(kept.Quarantine) != i+1 || !strings.Contains(kept.Quarantine[0].Reason, test.reason) || kept.Quarantine[0].Account != test.merchant {
				t.Errorf("in quarantine is %+v", kept.Quarantine)
			}
			if now := s.Look(t, open); now.Status != pay.SessionOpen || now.Attempts[0].State != pay.AttemptAwaiting {
				t.Errorf("the session is %s, its attempt %s", now.Status, now.Attempts[0].State)
			}
		})
	}
	if a := s.Do(t, s.tell(t, "bench", says(number, "CNY", 1234))); a.Status != http.StatusNoContent {
		t.Errorf("the truth: status %d", a.Status)
	}
	if now := s.Look(t, open); now.Status != pay.SessionPaid {
		t.Errorf("after the truth the session is %s", now.Status)
	}
}

// A message that can't be stored is not acknowledged, in the provider's own
// words and in time: it hangs up after four seconds and must know to come again.
func TestNotificationWhileTheStoreHangs(t *testing.T) {
	t.Parallel()
	if httpd.NotifyWithin >= 4*time.Second {
		t.Errorf("a message may take %v", httpd.NotifyWithin)
	}
	database := pgtest.DSN(t)
	for _, test := range []struct {
		name, driver, source string // source is empty for the file of the data folder
		hold                 string // what another process does that makes writers wait
	}{
		{"file-locked", "sqlite", "", "BEGIN IMMEDIATE"},
		{"rows-locked", "pgx", database, "BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, func(c *demo.Config) { c.Database = test.source })
			open := s.Open(t, demotest.Order{})
			if a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "unionpay", pay.RailRedirect))); a.Status != http.StatusSeeOther {
				t.Fatalf("status %d: %s", a.Status, a.Body)
			}
			statement := map[string]any{
				"id": s.Look(t, open).Attempts[0].OutTradeNo, "status": "paid", "amount": pay.Money{Currency: "CNY", Value: 1234},
				"reference": "r1", "paid_at": time.Now().UTC().Format(time.RFC3339),
			}
			release := lock(t, test.driver, cmp.Or(test.source, "file:"+filepath.Join(s.Data, store.FileName)+"?_pragma=busy_timeout(5000)"), test.hold)
			s.Client.Timeout = 2*httpd.NotifyWithin - time.Second/2 // too short for who is made to wait for another who waits
			messages := make([]*http.Request, 8)
			for i := range messages {
				messages[i] = s.tell(t, "bench", statement)
			}
			for _, a := range s.Together(t, messages) {
				if a.Status != http.StatusServiceUnavailable {
					t.Errorf("status %d: %s", a.Status, a.Body)
				}
			}
			release()
			s.Client.Timeout = 0
			if a := s.Do(t, s.tell(t, "bench", statement)); a.Status != http.StatusNoContent || s.Look(t, open).Status != pay.SessionPaid {
				t.Errorf("when the store is back: status %d, the session is %s", a.Status, s.Look(t, open).Status)
			}
		})
	}
}

// lock runs a statement on a connection of its own and keeps what it locked
// until release.
func lock(t *testing.T, driver, source, statement string) (release func()) {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
}

// What the payer's browser brings back proves nothing, whatever it says.
func TestReturnProvesNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.awaits(t)
	number := open.Attempts[0].OutTradeNo
	for _, query := range []string{
		"", "?status=paid&result=success", "?trade_status=TRADE_SUCCESS&out_trade_no=" + number + "&total_amount=12.34",
		"?err_msg=get_brand_wcpay_request:ok", "?returned=1&state=paid", "?morepay_session=" + open.ID,
	} {
		s.Get(t, open.URL+"/return"+query, "Accept", "text/html")
		page := s.Get(t, open.URL+query, "Accept", "text/html", "User-Agent", demotest.Desktop)
		if strings.Contains(page.Body, `data-state="paid"`) || !strings.Contains(page.Body, `data-state="waiting"`) {
			t.Errorf("%s: the page says paid, or no longer waits", query)
		}
	}
	check := s.Do(t, s.post(t, open, "/return", "", s.Form(t, open, "", "")))
	if now := s.Look(t, open); check.Status != http.StatusSeeOther || now.Status != pay.SessionOpen || now.Attempts[0].State != pay.AttemptAwaiting {
		t.Errorf("after \"I have paid\": status %d, the session is %s, its attempt %s", check.Status, now.Status, now.Attempts[0].State)
	}
}

// The price is what the merchant's server said. Nothing that comes from a
// browser is one.
func TestPriceIsTheMerchants(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Fen: 4321})
	form := s.Form(t, open, "wechat_pay", pay.RailQR)
	for name, value := range map[string]string{"amount": "1", "amount.value": "1", "total": "1", "currency": "JPY", "description": "free"} {
		form.Set(name, value)
	}
	r := s.post(t, open, "/attempts", "", form)
	r.URL.RawQuery = "amount=1&total=1"
	if a := s.Do(t, r); a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	made := s.Payments(t, "orders")
	if len(made) != 1 || made[0].Fen != 4321 || made[0].Number != s.Look(t, open).Attempts[0].OutTradeNo {
		t.Errorf("the provider was asked for %+v", made)
	}
}

// Everything of a merchant is there for its own key only; for another one's it
// is as if it did not exist.
func TestTenants(t *testing.T) {
	t.Parallel()
	s := start(t)
	paid := s.pays(t) // of bench
	open := s.Open(t, demotest.Order{})
	var events struct{ Events []struct{ ID string } }
	s.Get(t, s.Origin+"/v1/events", "Authorization", "Bearer "+paid.Key).Decode(t, &events)
	if len(events.Events) != 1 {
		t.Fatalf("events %+v", events)
	}
	event, stranger := events.Events[0].ID, s.Shop(t, "demo").Key
	before := s.rows(t)
	for _, test := range []struct{ name, method, path, body string }{
		{"session", http.MethodGet, "/v1/sessions/" + open.ID, ""},
		{"cancel", http.MethodPost, "/v1/sessions/" + open.ID + "/cancel", "{}"},
		{"refund", http.MethodPost, "/v1/sessions/" + paid.ID + "/refunds", "{}"},
		{"redeliver", http.MethodPost, "/v1/events/" + event + "/redeliver", "{}"},
		{"event", http.MethodGet, "/v1/events/" + event, ""},
		{"events-after", http.MethodGet, "/v1/events?after=" + event, ""},
		{"decide", http.MethodPost, "/v1/merchants/bench/decide", `{"amount":{"currency":"CNY","value":1}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := s.Do(t, demotest.Request(t, test.method, s.Origin+test.path, test.body,
				"Authorization", "Bearer "+stranger, "Content-Type", demotest.TypeJSON, "Idempotency-Key", rand.Text()))
			if code, _ := a.Problem(t); a.Status != http.StatusNotFound || code != pay.CodeNotFound {
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
		})
	}
	if a := s.Get(t, s.Origin+"/v1/events", "Authorization", "Bearer "+stranger); strings.Contains(a.Body, paid.ID) {
		t.Errorf("another merchant is told %s", a.Body)
	}
	s.unchanged(t, before)
	if now := s.Look(t, open); now.Status != pay.SessionOpen {
		t.Errorf("the session is %s", now.Status)
	}
}

// The same POST again gives the same answer and does nothing twice; the key with
// another body is refused, and another merchant's same key is another key.
func TestIdempotency(t *testing.T) {
	t.Parallel()
	s := start(t)
	paid, refunded, canceled := s.pays(t), s.pays(t), s.Open(t, demotest.Order{})
	key, demo := paid.Key, s.Shop(t, "demo")
	var events struct{ Events []struct{ ID string } }
	s.Get(t, s.Origin+"/v1/events", "Authorization", "Bearer "+key).Decode(t, &events)
	fen := func(n int) string { return fmt.Sprintf(`{"amount":{"currency":"CNY","value":%d}}`, n) }
	for _, test := range []struct {
		name, path, body, other string
		status                  int
		table                   string // that grows by one row
	}{
		{"session", "/v1/sessions", s.JSON(t, demotest.Order{}, nil), s.JSON(t, demotest.Order{Fen: 99}, nil), http.StatusCreated, "sessions"},
		{"cancel", "/v1/sessions/" + canceled.ID + "/cancel", "{}", " {}", http.StatusOK, "messages"},
		{"refund", "/v1/sessions/" + paid.ID + "/refunds", fen(10), fen(11), http.StatusCreated, "refunds"},
		{"redeliver", "/v1/events/" + events.Events[0].ID + "/redeliver", "{}", " {}", http.StatusOK, "replies"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := s.rows(t)
			twins := make([]*http.Request, 8)
			for i := range twins {
				twins[i] = s.merchantPost(t, key, "again", test.path, test.body)
			}
			answers := s.Together(t, twins)
			answers = append(answers, s.Do(t, s.merchantPost(t, key, "again", test.path, test.body)))
			replayed := 0
			for _, a := range answers {
				if a.Status != test.status || a.Body != answers[0].Body {
					t.Errorf("status %d: %s, want %s", a.Status, a.Body, answers[0].Body)
				}
				if a.Header.Get("Idempotent-Replayed") == "true" {
					replayed++
				}
			}
			if replayed != len(answers)-1 {
				t.Errorf("%d of %d answers are said to be repeats", replayed, len(answers))
			}
			a := s.Do(t, s.merchantPost(t, key, "again", test.path, test.other))
			if code, _ := a.Problem(t); a.Status != http.StatusConflict || code != pay.CodeIdempotency {
				t.Errorf("another body: status %d: %s", a.Status, a.Body)
			}
			after := s.rows(t)
			if grown := after[test.table] - before[test.table]; grown != 1 {
				t.Errorf("%d rows in %s more, want 1", grown, test.table)
			}
		})
	}
	t.Run("another-merchant", func(t *testing.T) {
		mine, theirs := demotest.Session{}, demotest.Session{}
		body := s.JSON(t, demotest.Order{}, nil)
		s.Do(t, s.merchantPost(t, key, "shared", "/v1/sessions", body)).Decode(t, &mine)
		s.Do(t, s.merchantPost(t, demo.Key, "shared", "/v1/sessions", body)).Decode(t, &theirs)
		if mine.Token == "" || theirs.Token == "" || mine.ID == theirs.ID {
			t.Errorf("the sessions are %s and %s", mine.ID, theirs.ID)
		}
	})
	t.Run("another-session", func(t *testing.T) {
		if a := s.Do(t, s.merchantPost(t, key, "again", "/v1/sessions/"+refunded.ID+"/refunds", fen(10))); a.Status != http.StatusCreated {
			t.Errorf("status %d: %s", a.Status, a.Body)
		}
	})
	t.Run("refused-is-not-kept", func(t *testing.T) {
		for range 2 {
			if a := s.Do(t, s.merchantPost(t, key, "late", "/v1/sessions/"+canceled.ID+"/refunds", "{}")); a.Status != http.StatusConflict {
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
		}
	})
}

// atRest returns all that the server keeps on disk, but for its own secret.
func (s *harness) atRest(t *testing.T) []byte {
	t.Helper()
	var all []byte
	entries, err := os.ReadDir(s.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "secret" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(s.Data, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// A copy of the database holds no token and no key, and what it holds sealed
// opens nothing but what it was sealed for.
func TestSecretsAtRest(t *testing.T) {
	t.Parallel()
	s := start(t)
	paid, shop := s.pays(t), s.Shop(t, "bench")
	waiting := s.awaits(t)
	entries, err := os.ReadDir(s.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v, %v", e.Name(), info.Mode(), err)
		}
	}
	secrets := map[string]string{"key": shop.Key, "token": paid.Token, "token of a waiting session": waiting.Token}
	for _, file := range []string{"wechat_api_v3_key", "wechat_app_secret", "cashier_secret", "webhook_secret"} {
		b, err := shop.ReadKey(file)
		if err != nil {
			t.Fatal(err)
		}
		secrets[file] = string(b)
	}
	kept := s.atRest(t)
	for name, secret := range secrets {
		if bytes.Contains(kept, []byte(secret)) {
			t.Errorf("the %s lies on disk", name)
		}
	}
	for _, known := range []string{paid.ID, waiting.Attempts[0].OutTradeNo, folder.HashKey(paid.Token)} {
		if !bytes.Contains(kept, []byte(known)) {
			t.Errorf("%s is not on disk: what was searched?", known)
		}
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.Data, store.FileName)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var reply []byte
	if err := db.QueryRowContext(t.Context(), `SELECT body FROM replies WHERE length(body) > 0 LIMIT 1`).Scan(&reply); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/return/", "/identified/"} {
		if a := s.Get(t, s.Origin+path+base64.RawURLEncoding.EncodeToString(reply)); a.Status != http.StatusNotFound {
			t.Errorf("a kept reply opens as %s: status %d to %q", path, a.Status, a.Header.Get("Location"))
		}
	}
}

// A picture of a merchant may be anybody's SVG. Opened by itself it can run
// nothing and load nothing.
func TestIconsCanDoNothing(t *testing.T) {
	t.Parallel()
	const picture = `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>`
	dir := merchantFolder(t, folder.ModeTest, "sk_test_a")
	if err := os.Mkdir(filepath.Join(dir, "bench", "icons"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bench", "icons", "own.svg"), []byte(picture), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *demo.Config) { c.Folder = dir })
	a := s.Get(t, s.Origin+"/merchants/bench/icons/own")
	if a.Status != http.StatusOK || a.Body != picture {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	for header, want := range map[string]string{
		"Content-Type": "image/svg+xml", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
	} {
		if got := a.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	for _, path := range []string{"/merchants/bench/icons/own.svg", "/merchants/bench/icons/..%2fmerchant.json", "/merchants/demo/icons/own"} {
		if a := s.Get(t, s.Origin+path); a.Status != http.StatusNotFound {
			t.Errorf("%s: status %d: %s", path, a.Status, a.Body)
		}
	}
}
