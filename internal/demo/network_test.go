package demo_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/demo"
	"morepay/internal/needs"
)

// checkout opens one through a mode of the network and returns its path.
func checkout(t *testing.T, d *demo.Demo, via string) string {
	t.Helper()
	answer, text := visit(t, d, "/demo/pay?merchant=bench&via="+via)
	if answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", answer.StatusCode, text)
	}
	return answer.Header.Get("Location")
}

// ask makes a request of a page's, which may fail.
func ask(ctx context.Context, d *demo.Demo, path string, header ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.BaseURL+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", desktop)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return http.DefaultTransport.RoundTrip(r)
}

// stream opens a checkout's event stream and returns its lines, until it ends.
func stream(t *testing.T, d *demo.Demo, path string) <-chan string {
	t.Helper()
	answer, err := ask(t.Context(), d, path+"/events", "Accept", "text/event-stream")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for read := bufio.NewScanner(answer.Body); read.Scan(); {
			lines <- read.Text()
		}
	}()
	return lines
}

var bundle = regexp.MustCompile(`/assets/[0-9a-f]+/app\.wasm`)

// TestNetwork: every mode does to a checkout's requests what its row says, and to no
// other's.
func TestNetwork(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*testing.T, *demo.Demo, string){
		"buffering": func(t *testing.T, d *demo.Demo, path string) {
			plain := stream(t, d, checkout(t, d, ""))
			held := stream(t, d, path)
			<-plain
			select {
			case line := <-held:
				t.Errorf("the stream says %q", line)
			default: // what another stream has said by now is held back here
			}
			_, page := visit(t, d, path)
			if !strings.Contains(page, "</html>") {
				t.Error("a page does not come whole")
			}
		},
		"slow-3g": func(t *testing.T, d *demo.Demo, path string) {
			began := time.Now()
			_, page := visit(t, d, path)
			if took := time.Since(began); took < 400*time.Millisecond || !strings.Contains(page, "</html>") {
				t.Errorf("it took %v", took)
			}
		},
		"drops": func(t *testing.T, d *demo.Demo, path string) {
			pattern := ""
			for range 6 {
				answer, err := ask(t.Context(), d, path, "Cache-Control", "no-cache")
				if err != nil {
					pattern += "x"
					continue
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				pattern += "."
			}
			if pattern != ".x..x." { // the first opened the checkout
				t.Errorf("they went %s", pattern)
			}
		},
		"no-referrer": func(t *testing.T, d *demo.Demo, path string) {
			answer, _ := visit(t, d, path)
			if got := answer.Header["Referrer-Policy"]; !cmp.Equal(got, []string{"no-referrer"}) {
				t.Errorf("the policy is %q", got)
			}
		},
		"wasm-type": func(t *testing.T, d *demo.Demo, path string) {
			needs.Bundle(t)
			_, page := visit(t, d, path)
			name := bundle.FindString(page)
			if name == "" {
				t.Fatalf("the page names no bundle: %s", page)
			}
			for from, want := range map[string]string{path: "application/octet-stream", "/": "application/wasm"} {
				answer, err := ask(t.Context(), d, name, "Referer", d.BaseURL+from)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				if got := answer.Header.Get("Content-Type"); got != want {
					t.Errorf("%s from %s is %q, want %q", name, from, got, want)
				}
			}
		},
		"xff-port": func(t *testing.T, d *demo.Demo, path string) {
			if answer, text := visit(t, d, path); answer.StatusCode != http.StatusOK {
				t.Errorf("%d %s", answer.StatusCode, text)
			}
		},
		"six": func(t *testing.T, d *demo.Demo, path string) {
			for range 6 {
				<-stream(t, d, path)
			}
			soon, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if answer, err := ask(soon, d, path); err == nil {
				t.Errorf("the seventh was answered %d", answer.StatusCode)
			}
			if answer, _ := visit(t, d, checkout(t, d, "")); answer.StatusCode != http.StatusOK {
				t.Errorf("somebody else was answered %d", answer.StatusCode)
			}
		},
		"kills-streams": func(t *testing.T, d *demo.Demo, path string) {
			for range stream(t, d, path) {
			} // it ends
		},
	}
	d := open(t)
	for _, m := range demo.Modes() {
		t.Run(m.Name, func(t *testing.T) {
			test := tests[m.Name]
			if test == nil || m.Does == "" {
				t.Fatal("nobody knows what it does")
			}
			test(t, d, checkout(t, d, m.Name))
		})
	}
}

// TestNetworkByAddress: a checkout that exists takes a mode by its own address, and
// gives it up by none.
func TestNetworkByAddress(t *testing.T) {
	t.Parallel()
	d := open(t)
	path := checkout(t, d, "")
	for _, step := range []struct{ query, want string }{
		{"?via=no-referrer", "no-referrer"}, {"", "no-referrer"}, {"?via=none", "strict-origin-when-cross-origin"}, {"", "strict-origin-when-cross-origin"},
	} {
		answer, _ := visit(t, d, path+step.query)
		if got := answer.Header.Get("Referrer-Policy"); got != step.want {
			t.Errorf("after %q the policy is %q, want %q", step.query, got, step.want)
		}
	}
	if answer, text := visit(t, d, path+"?via=pigeon"); answer.StatusCode != http.StatusBadRequest || !strings.Contains(text, "kills-streams") {
		t.Errorf("an unknown mode: %d %s", answer.StatusCode, text)
	}
}

// order asks for a code of WeChat Pay, as a checkout's page does.
func order(t *testing.T, d *demo.Demo, path string) (status int, body string) {
	t.Helper()
	_, page := visit(t, d, path+"?choose=1")
	_, rest, _ := strings.Cut(page, `name="form_token"`)
	_, rest, _ = strings.Cut(rest, `value="`)
	token, _, _ := strings.Cut(rest, `"`)
	form := url.Values{"method": {"wechat_pay"}, "rail": {"qr"}, "form_token": {token}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.BaseURL+path+"/attempts", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", desktop)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// TestNetworkWritesPorts: who comes through a proxy that adds ports can order.
func TestNetworkWritesPorts(t *testing.T) {
	t.Parallel()
	d := open(t)
	if status, text := order(t, d, checkout(t, d, "xff-port")); len(d.Sim.Codes()) != 1 {
		t.Errorf("%d, and codes %v: %s", status, d.Sim.Codes(), text)
	}
}

// TestNetworkOnTheShopsPage: the list of the shop's page names every mode, in both
// languages, and keeps the choice.
func TestNetworkOnTheShopsPage(t *testing.T) {
	t.Parallel()
	d := open(t)
	for _, lang := range []string{"en", "zh-CN"} {
		_, page := visit(t, d, "/demo/?via=six&lang="+lang)
		for _, m := range demo.Modes() {
			_, rest, _ := strings.Cut(page, `<option class="via" value="`+m.Name+`"`)
			attributes, rest, _ := strings.Cut(rest, ">")
			if text, _, _ := strings.Cut(rest, "<"); strings.TrimSpace(text) == "" || (attributes != "") != (m.Name == "six") {
				t.Errorf("in %s %s is %q, %q", lang, m.Name, text, attributes)
			}
		}
		if alone := link(t, strings.NewReader(page), "/demo/pay?"); !strings.Contains(alone, "via=six") {
			t.Errorf("the checkout alone is at %s", alone)
		}
	}
}
