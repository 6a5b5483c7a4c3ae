package webdriver

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
)

// webkit is a session of classic WebDriver.
type webkit struct {
	client  *http.Client
	session string // its URL
	frame   string // that commands go to
}

// elementKey is how WebDriver marks an element in JSON.
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

func openWebKit(t testing.TB, o Options, _ *browsertest.Console) session {
	t.Helper()
	driver, browser := needs.WebKit(t)
	listen := freePort(t)
	_, port, _ := net.SplitHostPort(listen)
	cmd := exec.Command(driver, "--port="+port)
	cmd.Env = append(os.Environ(), "DISPLAY="+display(t), "HOME="+folder(t))
	if o.NoWASM {
		cmd.Env = append(cmd.Env, "JSC_useWasm=0", "JSC_useWebAssembly=0") // by its new name and its old
	}
	launch(t, cmd)
	args := []string{"--automation"}
	if o.Agent != "" {
		args = append(args, "--user-agent="+o.Agent)
	}
	if o.NoScript {
		args = append(args, "--enable-javascript=false")
	}
	w := &webkit{client: &http.Client{Timeout: browsertest.Patience, Transport: &http.Transport{}}}
	w.begin(t, "http://"+listen, o, map[string]any{"binary": browser, "args": args})
	return w
}

// freePort returns an address on which nobody listens.
func freePort(t testing.TB) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	return free.Addr().String()
}

// display starts a screen that nobody sees, and returns its name. It ends with the
// test.
func display(t testing.TB) string {
	t.Helper()
	number, written, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer number.Close()
	cmd := exec.Command(needs.Xvfb(t), "-displayfd", "3", "-screen", "0", "1400x1600x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{written}
	launch(t, cmd)
	written.Close()
	_ = number.SetReadDeadline(time.Now().Add(browsertest.Patience)) // a pipe has one
	said, err := bufio.NewReader(number).ReadString('\n')
	if err != nil {
		t.Fatalf("webdriver: Xvfb has no screen: %v", err)
	}
	return ":" + strings.TrimSpace(said)
}

// begin waits for the driver, has it start the browser, and ends that after the test.
func (w *webkit) begin(t testing.TB, driver string, o Options, browser map[string]any) {
	t.Helper()
	if !eventually(func() bool { return w.call(http.MethodGet, driver+"/status", nil, nil) == nil }) {
		t.Fatal("webdriver: WebKitWebDriver does not listen")
	}
	var created struct{ SessionID string }
	wanted := map[string]any{"alwaysMatch": map[string]any{"webkitgtk:browserOptions": browser}}
	err := w.call(http.MethodPost, driver+"/session", map[string]any{"capabilities": wanted}, &created)
	if err != nil {
		t.Fatalf("webdriver: WebKit: %v", err)
	}
	w.session = driver + "/session/" + created.SessionID
	t.Cleanup(func() {
		if err := w.call(http.MethodDelete, w.session, nil, nil); err != nil {
			t.Errorf("webdriver: WebKit did not stop cleanly: %v", err)
		}
		w.client.CloseIdleConnections()
	})
	width, height := o.size()
	if err := w.do("/window/rect", map[string]any{"width": width, "height": height}, nil); err != nil {
		t.Fatalf("webdriver: WebKit: %v", err)
	}
}

// do sends a command of the session and stores its value in what out points to, if
// anything.
func (w *webkit) do(path string, body map[string]any, out any) error {
	return w.call(http.MethodPost, w.session+path, body, out)
}

func (w *webkit) call(method, url string, body map[string]any, out any) error {
	var send io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		send = bytes.NewReader(b)
	}
	r, err := http.NewRequest(method, url, send)
	if err != nil {
		return err
	}
	resp, err := w.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct{ Value json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		var wrong struct{ Error, Message string }
		if err := json.Unmarshal(answer.Value, &wrong); err != nil {
			return err
		}
		return fmt.Errorf("%s: %s", wrong.Error, wrong.Message)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, out)
}

// to has commands go to a frame.
func (w *webkit) to(frame string) error {
	if frame == w.frame {
		return nil
	}
	if err := w.do("/frame", map[string]any{"id": nil}, nil); err != nil {
		return err
	}
	w.frame = ""
	if frame == "" {
		return nil
	}
	if err := w.do("/frame", map[string]any{"id": map[string]string{elementKey: frame}}, nil); err != nil {
		return err
	}
	w.frame = frame
	return nil
}

func (w *webkit) navigate(url string) error {
	if err := w.to(""); err != nil {
		return err
	}
	return w.do("/url", map[string]any{"url": url}, nil)
}

func (w *webkit) back() error {
	if err := w.to(""); err != nil {
		return err
	}
	return w.do("/back", map[string]any{}, nil)
}

func (w *webkit) evaluate(frame, script string) (value json.RawMessage, err error) {
	if err := w.to(frame); err != nil {
		return nil, err
	}
	err = w.do("/execute/sync", map[string]any{"script": "return " + script, "args": []any{}}, &value)
	return value, err
}

func (w *webkit) enter(frame, element string) (string, error) {
	value, err := w.evaluate(frame, element)
	if err != nil {
		return "", err
	}
	var found map[string]string
	err = json.Unmarshal(value, &found)
	return found[elementKey], err
}

func (w *webkit) click(frame, selector string) error {
	if err := w.show(frame); err != nil {
		return err
	}
	if err := w.to(frame); err != nil {
		return err
	}
	var found map[string]string
	if err := w.do("/element", map[string]any{"using": "css selector", "value": selector}, &found); err != nil {
		return err
	}
	return w.do("/element/"+found[elementKey]+"/click", map[string]any{}, nil)
}

// show scrolls to a frame, which the driver does not do for what is in it.
func (w *webkit) show(frame string) error {
	if frame == "" {
		return nil
	}
	if err := w.to(""); err != nil {
		return err
	}
	return w.do("/execute/sync", map[string]any{
		"script": `arguments[0].scrollIntoView({ block: "center" })`, "args": []any{map[string]string{elementKey: frame}},
	}, nil)
}

func (w *webkit) picture() ([]byte, error) {
	var data string
	err := w.call(http.MethodGet, w.session+"/screenshot", nil, &data)
	b, wrong := base64.StdEncoding.DecodeString(data)
	return b, cmp.Or(err, wrong)
}
