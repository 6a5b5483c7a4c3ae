package webdriver

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
)

// firefox is a session of WebDriver BiDi with one window.
type firefox struct {
	*bidi
	window string
}

func openFirefox(t testing.TB, o Options, log *browsertest.Console) session {
	t.Helper()
	program, dir := needs.Firefox(t), folder(t)
	preferences := map[string]any{
		"remote.active-protocols": 1, // BiDi only
		// A click goes to the page itself, not to what the screen showed last.
		"remote.events.async.enabled": false,
	}
	if o.Agent != "" {
		preferences["general.useragent.override"] = o.Agent
	}
	if o.NoScript {
		preferences["javascript.enabled"] = false
	}
	if o.NoWASM {
		preferences["javascript.options.wasm"] = false
	}
	if err := os.WriteFile(filepath.Join(dir, "user.js"), []byte(userJS(preferences)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", dir, "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+dir)
	ended := launch(t, cmd)
	f := &firefox{bidi: dial(t, address(t, dir))}
	if err := f.begin(o, log); err != nil {
		t.Fatalf("webdriver: Firefox: %v", err)
	}
	t.Cleanup(func() { f.close(ended) }) // before it is killed
	return f
}

// close has the browser end by itself, which lets it clean up, if it does so soon.
func (f *firefox) close(ended <-chan struct{}) {
	if f.do("browser.close", map[string]any{}, nil) != nil {
		return
	}
	select {
	case <-ended:
	case <-time.After(closing):
	}
}

func userJS(preferences map[string]any) string {
	var lines strings.Builder
	for name, value := range preferences {
		b, err := json.Marshal(value)
		if err != nil {
			panic(err) // they are written here
		}
		fmt.Fprintf(&lines, "user_pref(%q, %s);\n", name, b)
	}
	return lines.String()
}

// address waits until Firefox has written where it listens.
func address(t testing.TB, profile string) string {
	t.Helper()
	var at struct {
		Host string `json:"ws_host"`
		Port int    `json:"ws_port"`
	}
	if !eventually(func() bool {
		b, err := os.ReadFile(filepath.Join(profile, "WebDriverBiDiServer.json"))
		return err == nil && json.Unmarshal(b, &at) == nil
	}) {
		t.Fatal("webdriver: Firefox does not listen")
	}
	return fmt.Sprintf("ws://%s:%d/session", at.Host, at.Port)
}

// begin has the console heard and makes the window what the options say.
func (f *firefox) begin(o Options, log *browsertest.Console) error {
	f.heard = func(entry logEntry) {
		if entry.Level == "error" {
			log.Add(entry.Type + ": " + entry.Text)
		}
	}
	if err := f.do("session.new", map[string]any{"capabilities": map[string]any{}}, nil); err != nil {
		return err
	}
	if err := f.do("session.subscribe", map[string]any{"events": []string{"log.entryAdded"}}, nil); err != nil {
		return err
	}
	var tree struct{ Contexts []struct{ Context string } }
	if err := f.do("browsingContext.getTree", map[string]any{}, &tree); err != nil {
		return err
	}
	f.window = tree.Contexts[0].Context
	width, height := o.size()
	return f.do("browsingContext.setViewport", map[string]any{"context": f.window, "viewport": map[string]int{"width": width, "height": height}}, nil)
}

func (f *firefox) navigate(url string) error {
	return f.do("browsingContext.navigate", map[string]any{"context": f.window, "url": url, "wait": "complete"}, nil)
}

func (f *firefox) back() error {
	return f.do("browsingContext.traverseHistory", map[string]any{"context": f.window, "delta": -1}, nil)
}

func (f *firefox) in(frame string) string {
	if frame == "" {
		return f.window
	}
	return frame
}

// remote is a value of a page as BiDi describes it.
type remote struct {
	Type  string
	Value json.RawMessage
}

func (f *firefox) run(frame, script string) (remote, error) {
	var answer struct {
		Type             string
		Result           remote
		ExceptionDetails struct{ Text string }
	}
	err := f.do("script.evaluate", map[string]any{
		"expression": script, "target": map[string]string{"context": f.in(frame)}, "awaitPromise": true, "userActivation": false,
	}, &answer)
	if err == nil && answer.Type != "success" {
		err = fmt.Errorf("%s", answer.ExceptionDetails.Text)
	}
	return answer.Result, err
}

func (f *firefox) evaluate(frame, script string) (json.RawMessage, error) {
	result, err := f.run(frame, script)
	return result.Value, err
}

func (f *firefox) enter(frame, element string) (string, error) {
	result, err := f.run(frame, element+".contentWindow")
	if err != nil {
		return "", err
	}
	var window struct{ Context string }
	err = json.Unmarshal(result.Value, &window)
	return window.Context, err
}

func (f *firefox) click(frame, selector string) error {
	found, err := f.run(frame, `(function (e) {
		e.scrollIntoView({ block: "center" });
		var b = e.getBoundingClientRect();
		return JSON.stringify({ x: Math.round(b.left + b.width / 2), y: Math.round(b.top + b.height / 2) });
	})(document.querySelector(`+quote(selector)+`))`)
	if err != nil {
		return err
	}
	var text string
	var at struct{ X, Y int }
	if err := errors.Join(json.Unmarshal(found.Value, &text), json.Unmarshal([]byte(text), &at)); err != nil {
		return err
	}
	return f.do("input.performActions", map[string]any{"context": f.in(frame), "actions": []any{map[string]any{
		"type": "pointer", "id": "mouse", "parameters": map[string]string{"pointerType": "mouse"}, "actions": []any{
			map[string]any{"type": "pointerMove", "x": at.X, "y": at.Y},
			map[string]any{"type": "pointerDown", "button": 0},
			map[string]any{"type": "pointerUp", "button": 0},
		},
	}}}, nil)
}

func (f *firefox) picture() ([]byte, error) {
	var answer struct{ Data string }
	if err := f.do("browsingContext.captureScreenshot", map[string]any{"context": f.window}, &answer); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(answer.Data)
}
