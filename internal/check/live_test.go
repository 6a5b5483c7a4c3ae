package check_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/check"
	"morepay/internal/harness"
	"morepay/internal/program"
)

// start returns a running server with its simulator, and its configuration.
func start(t *testing.T) (*harness.Harness, program.Config) {
	t.Helper()
	h, err := harness.Start(harness.Options{Config: program.Config{Data: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h, h.Config
}

// sent is the key of a request's body in the context of its answer's request.
type sent struct{}

// replace puts another body in the place of an answer's.
func replace(r *http.Response, body string) {
	r.Body = io.NopCloser(strings.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	r.Header.Del("Content-Encoding")
}

// proxy stands before an origin and changes its answers. Host and path stay.
func proxy(t *testing.T, origin string, change func(*http.Response)) string {
	t.Helper()
	to, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	reverse := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			change(r)
			return nil
		},
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		reverse.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), sent{}, string(body))))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// says checks that something of a list holds each text, and that there are no more.
func says(t *testing.T, what string, got, want []string) {
	t.Helper()
	for _, text := range want {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, text) }) {
			t.Errorf("%s do not say %q: %q", what, text, got)
		}
	}
	if len(want) == 0 && len(got) > 0 {
		t.Errorf("%s are %q, want none", what, got)
	}
}

func errorsOf(r check.Report) (list []string) {
	for _, err := range r.Errors {
		list = append(list, err.Error())
	}
	return list
}

// about returns what is said of a server's front, or of providers.
func about(list []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !strings.Contains(s, text) })
}

// A proxy that rewrites what payers get is reported, and one that only passes it on
// is not.
func TestFront(t *testing.T) {
	t.Parallel()
	_, config := start(t)
	header := func(change func(http.Header)) func(*http.Response) {
		return func(r *http.Response) { change(r.Header) }
	}
	page := func(r *http.Response) bool { return strings.HasPrefix(r.Request.URL.Path, "/pay/") }
	for name, c := range map[string]struct {
		change        func(*http.Response)
		wrong, warned []string
	}{
		"passes-on":        {func(*http.Response) {}, nil, nil},
		"says-the-same":    {header(func(h http.Header) { h.Add("Referrer-Policy", "strict-origin-when-cross-origin") }), nil, nil},
		"referrer-second":  {header(func(h http.Header) { h.Add("Referrer-Policy", "no-referrer") }), []string{"sends Referrer-Policy: no-referrer"}, nil},
		"referrer-joined":  {header(func(h http.Header) { h.Set("Referrer-Policy", h.Get("Referrer-Policy")+", same-origin") }), []string{"sends Referrer-Policy: same-origin"}, nil},
		"referrer-changed": {header(func(h http.Header) { h.Set("Referrer-Policy", "no-referrer") }), []string{"sends Referrer-Policy: no-referrer"}, nil},
		"referrer-gone":    {header(func(h http.Header) { h.Del("Referrer-Policy") }), []string{"Referrer-Policy is gone"}, nil},
		"policy-second":    {header(func(h http.Header) { h.Add("Content-Security-Policy", "default-src 'self'") }), []string{"sends Content-Security-Policy: default-src 'self'"}, nil},
		"policy-gone":      {header(func(h http.Header) { h.Del("Content-Security-Policy") }), []string{"Content-Security-Policy is gone"}, nil},
		"script-as-text":   {header(func(h http.Header) { h.Set("Content-Type", "text/plain") }), []string{"/embed.js: is sent as \"text/plain\"", "/assets/", "/pay/none/check: is sent as"}, nil},
		"cached":           {header(func(h http.Header) { h.Set("Cache-Control", "public, max-age=600") }), nil, []string{"Cache-Control"}},
		"of-another-build": {header(func(h http.Header) {
			h.Set("Content-Security-Policy", strings.ReplaceAll(h.Get("Content-Security-Policy"), "sha256-", "sha256-x"))
		}), nil, nil},
		"redirects": {func(r *http.Response) { r.StatusCode = 301; r.Header.Set("Location", "https://www.pay.example/") }, []string{"answers 301 to https://www.pay.example/"}, nil},
		"leads-elsewhere": {func(r *http.Response) {
			r.Body = io.NopCloser(strings.NewReader("hello"))
			r.ContentLength = 5
			r.Header.Set("Content-Length", "5")
		}, []string{"not as a server of ours"}, nil},
		"in-place-of-pages": {func(r *http.Response) {
			if page(r) {
				r.StatusCode = 200
			}
		}, []string{"answers 200 where the server answers 404"}, nil},
		"redirects-pages": {func(r *http.Response) {
			if page(r) {
				r.StatusCode = 302
			}
		}, []string{"/pay/none/check: answers 302"}, nil},
		"without-assets": {func(r *http.Response) {
			if strings.HasPrefix(r.Request.URL.Path, "/assets/") {
				r.StatusCode = 404
			}
		}, nil, []string{"another build"}},
		"without-versions": {func(r *http.Response) {
			if strings.HasPrefix(r.Request.URL.Path, "/embed/") {
				r.StatusCode = 404
			}
		}, nil, []string{"does not lead /embed/ to it"}},
		"makes-scripts-smaller": {func(r *http.Response) {
			if strings.HasPrefix(r.Request.URL.Path, "/embed/") {
				replace(r, "smaller")
			}
		}, []string{"arrives with other bytes"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			origin := proxy(t, config.BaseURL, c.change)
			r := check.Front(t.Context(), origin, false)
			says(t, "errors", errorsOf(r), c.wrong)
			says(t, "warnings", r.Warnings, c.warned)
			if reached := len(r.Notes) > 0; reached != (len(c.wrong) == 0) {
				t.Errorf("notes are %q", r.Notes)
			}
		})
	}
	t.Run("nobody-there", func(t *testing.T) {
		t.Parallel()
		r := check.Front(t.Context(), "http://127.0.0.1:1", false)
		says(t, "errors", errorsOf(r), []string{"is not reached"})
		if len(r.Errors) != 1 {
			t.Errorf("says %d times that nobody is there: %v", len(r.Errors), r.Errors)
		}
	})
}

// Providers are only asked, and what they answer is told of every account.
func TestProviders(t *testing.T) {
	t.Parallel()
	_, config := start(t)
	var mu sync.Mutex
	var asked []string
	direct := config.SimURL
	config.SimURL = proxy(t, direct, func(r *http.Response) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Request.Method+" "+path.Base(r.Request.URL.Path)+"?"+r.Request.URL.RawQuery+"&"+r.Request.Context().Value(sent{}).(string))
	})
	r := config.CheckLive(t.Context())
	says(t, "errors", errorsOf(r), nil)
	says(t, "notes", r.Notes, []string{"of wechatpay answers, unsigned", "of wechatpay is verified by PUB_KEY_ID_", "of unionpay answers, signed", "of alipay answers, signed", "of wechatpay tells who pays in its app", "of alipay tells who pays in its app, if its console lets payers come back to " + config.BaseURL + "/identified/", "of merchantlink answers, signed", "of merchantlink tells who pays in its app", "agree", "in order", config.BaseURL + " is reached"})
	if len(asked) == 0 {
		t.Error("no provider was asked")
	}
	for _, call := range asked {
		if !strings.HasPrefix(call, "GET ") && !strings.HasPrefix(call, "POST payers?") && !strings.HasPrefix(call, "POST queryTrans.do?") && !strings.Contains(call, "method=alipay.trade.query&") && !strings.Contains(call, "method=alipay.system.oauth.token&") {
			t.Errorf("it sends %s", call)
		}
	}

	config.SimURL = proxy(t, direct, func(r *http.Response) { // signed by nobody
		r.StatusCode = http.StatusBadGateway
		replace(r, "{}")
	})
	says(t, "errors", errorsOf(config.CheckLive(t.Context())), []string{"of wechatpay: asked", "of alipay: asked", "of merchantlink: asked", "of unionpay: asked"})

	config.SimURL = "http://127.0.0.1:1"
	says(t, "errors", errorsOf(config.CheckLive(t.Context())), []string{"of wechatpay: asked", "of alipay: asked", "of merchantlink: asked", "of unionpay: asked"})
}

// Clocks that differ are told by how much; beyond five minutes nothing can be signed.
func TestClocks(t *testing.T) {
	t.Parallel()
	_, config := start(t)
	direct := config.SimURL
	for name, c := range map[string]struct {
		theirs        time.Duration
		wrong, warned []string
	}{
		"agree":     {0, nil, nil},
		"ahead":     {-2 * time.Minute, nil, []string{"ahead of"}},
		"behind":    {2 * time.Minute, nil, []string{"behind that"}},
		"far-ahead": {-6 * time.Minute, []string{"ahead of"}, nil},
		"far-off":   {6 * time.Minute, []string{"behind that"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := config
			config.SimURL = proxy(t, direct, func(r *http.Response) {
				r.Header.Set("Date", time.Now().Add(c.theirs).UTC().Format(http.TimeFormat))
			})
			r := config.CheckLive(t.Context())
			says(t, "errors", about(errorsOf(r), "our clock"), c.wrong)
			says(t, "warnings", about(r.Warnings, "our clock"), c.warned)
		})
	}
}
