package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"morepay/internal/httpd"
	"morepay/web"
)

// frontTimeout bounds one answer of the server's own base URL.
const frontTimeout = 10 * time.Second

// Front asks a running server for what payers get, by the address that they use, and
// says what a proxy has made of it.
func Front(ctx context.Context, baseURL string, realMoney bool) Report {
	client := &http.Client{
		Timeout:       frontTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	f := &front{ctx: ctx, client: client, baseURL: baseURL}
	if f.health() {
		f.page(httpd.PageHeaders(realMoney))
		f.assets(web.Files())
	}
	if len(f.report.Errors) == 0 {
		f.report.Notes = append(f.report.Notes, baseURL+" is reached")
	}
	return f.report
}

// front is a look at one server from outside.
type front struct {
	ctx     context.Context
	client  *http.Client
	baseURL string
	report  Report
}

func (f *front) wrong(path, format string, args ...any) {
	f.report.Errors = append(f.report.Errors, fmt.Errorf("%s%s: %s", f.baseURL, path, fmt.Sprintf(format, args...)))
}

func (f *front) warn(path, format string, args ...any) {
	f.report.Warnings = append(f.report.Warnings, fmt.Sprintf("%s%s: %s", f.baseURL, path, fmt.Sprintf(format, args...)))
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// get returns an answer and its body; false if there is none, which is told.
func (f *front) get(method, path string) (*http.Response, string, bool) {
	r, err := http.NewRequestWithContext(f.ctx, method, f.baseURL+path, nil)
	if err != nil {
		f.wrong(path, "%v", err)
		return nil, "", false
	}
	r.Header.Set("Accept", "text/html, */*;q=0.5")
	res, err := f.client.Do(r)
	if err != nil {
		f.wrong(path, "is not reached: %v", errors.Unwrap(err))
		return nil, "", false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		f.wrong(path, "the answer breaks off: %v", err)
		return nil, "", false
	}
	if res.StatusCode >= 300 && res.StatusCode <= 399 {
		f.wrong(path, "answers %d to %s: payers' forms and providers' messages don't follow; --base-url must be the origin that answers itself", res.StatusCode, res.Header.Get("Location"))
		return nil, "", false
	}
	return res, string(body), true
}

// health reports whether a server is there at all.
func (f *front) health() bool {
	const path = "/healthz"
	res, body, ok := f.get(http.MethodGet, path)
	if !ok {
		return false
	}
	if res.StatusCode != http.StatusOK || strings.TrimSpace(body) != httpd.Healthy {
		f.wrong(path, "answers %d, and not as a server of ours: does it run, and does the proxy lead to it?", res.StatusCode)
		return false
	}
	return true
}

// page looks at a page that every server has: that of an address that there is not,
// which is protected as all are.
func (f *front) page(want http.Header) {
	const path = "/pay/none/check"
	res, _, ok := f.get(http.MethodGet, path)
	if !ok {
		return
	}
	if res.StatusCode != http.StatusNotFound {
		f.wrong(path, "answers %d where the server answers 404: the proxy puts something else in its place", res.StatusCode)
		return
	}
	f.must(path, res.Header, want, "Content-Security-Policy", "pages don't work under it, or are not protected")
	f.must(path, res.Header, want, "Referrer-Policy", "WeChat Pay refuses payers who come without the shop's address")
	f.mediaType(path, res.Header, want.Get("Content-Type"))
	for _, name := range []string{"Cache-Control", "X-Content-Type-Options", "Permissions-Policy"} {
		if got := res.Header.Values(name); !slices.Contains(got, want.Get(name)) {
			f.warn(path, "the header %s is %q, the server sends %q", name, got, want.Get(name))
		}
	}
}

// must compares a header that counts as a whole: a second value counts too.
func (f *front) must(path string, got, want http.Header, name, harm string) {
	values := got.Values(name)
	if len(values) == 0 {
		f.wrong(path, "the header %s is gone: %s", name, harm)
	}
	for value := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if len(values) > 0 && ofAnyBuild(value) != ofAnyBuild(want.Get(name)) {
			f.wrong(path, "the proxy sends %s: %s, the server %s: %s", name, strings.TrimSpace(value), want.Get(name), harm)
		}
	}
}

// hashes are what differs between the pages of two builds.
var hashes = regexp.MustCompile(` 'sha256-[A-Za-z0-9+/=]+'`)

// ofAnyBuild returns a header's value without what another build would send otherwise.
func ofAnyBuild(value string) string {
	return hashes.ReplaceAllString(strings.TrimSpace(value), "")
}

func (f *front) mediaType(path string, got http.Header, want string) {
	is, _, _ := mime.ParseMediaType(got.Get("Content-Type"))
	be, _, _ := mime.ParseMediaType(want)
	if is != be {
		f.wrong(path, "is sent as %q, the server sends %q: browsers don't take it", got.Get("Content-Type"), want)
	}
}

// assets looks at the scripts and the bundle.
func (f *front) assets(a *web.Assets) {
	loader, _, ok := f.get(http.MethodHead, "/"+web.Embed)
	if !ok {
		return
	}
	if loader.StatusCode != http.StatusOK {
		f.wrong("/"+web.Embed, "answers %d: shops can't load it", loader.StatusCode)
		return
	}
	f.mediaType("/"+web.Embed, loader.Header, a.MediaType(web.Embed))
	for _, name := range a.Loaders() {
		f.pinned(a.URL(name), a.Integrity(name))
	}
	for _, name := range []string{web.Boot, web.Frame, web.Listen, web.Share, web.WasmExec, web.AppWasm} {
		path := a.URL(name)
		if path == "" {
			continue
		}
		res, _, ok := f.get(http.MethodHead, path)
		switch {
		case !ok:
		case res.StatusCode != http.StatusOK:
			f.warn(path, "answers %d: the server is of another build than this command, or the proxy does not lead /assets/ to it", res.StatusCode)
		default:
			f.mediaType(path, res.Header, a.MediaType(name))
		}
	}
}

// pinned looks at a published version of the loader, whose bytes shops may have
// pinned.
func (f *front) pinned(path, integrity string) {
	res, body, ok := f.get(http.MethodGet, path)
	switch {
	case !ok:
	case res.StatusCode != http.StatusOK:
		f.warn(path, "answers %d: the server is of another build than this command, or the proxy does not lead /embed/ to it", res.StatusCode)
	case web.Integrity([]byte(body)) != integrity:
		f.wrong(path, "arrives with other bytes than the server sends: the browsers of shops that have pinned them refuse it")
	}
}
