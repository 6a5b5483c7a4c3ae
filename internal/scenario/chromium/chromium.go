// Package chromium is the payer's browser of a scenario: Chromium without a window, which
// is found on the machine and driven over its debugging protocol.
//
// What must not live here: what is expected of a page.
package chromium

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"morepay/internal/device"
	"morepay/internal/scenario"
)

// names are those under which systems have it.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Find returns the path of the browser on this machine, "" if there is none.
func Find() string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Browser is a process of the browser.
type Browser struct {
	ctx    context.Context
	stop   func() error
	folder string
}

// Start starts the browser of that path with a profile of its own. Close must be called.
func Start(path string) (*Browser, error) {
	folder, err := os.MkdirTemp("", "morepay-chromium-")
	if err != nil {
		return nil, err
	}
	ctx, stop, err := Launch(path, folder)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return &Browser{ctx, stop, folder}, nil
}

// Close ends the browser and forgets its profile.
func (b *Browser) Close() error { return errors.Join(b.stop(), os.RemoveAll(b.folder)) }

// Payer implements [scenario.Browser].
func (b *Browser) Payer(_ context.Context, sample device.Sample, form device.Form, scripts scenario.Scripts) (scenario.Payer, error) {
	patient, cancel := Patient(b.ctx)
	defer cancel()
	own, err := target.CreateBrowserContext().Do(patient)
	if err != nil {
		return nil, err
	}
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(own).WithNewWindow(true).Do(patient)
	if err != nil {
		return nil, errors.Join(err, Dispose(b.ctx, own))
	}
	ctx, leave := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id))
	t := &tab{ctx: ctx, cancel: leave, dispose: func() error { return Dispose(b.ctx, own) }}
	if err := Within(Patience, func() error { return chromedp.Run(ctx, setUp(sample, form, scripts)...) }); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// setUp makes a tab the device.
func setUp(sample device.Sample, form device.Form, scripts scenario.Scripts) chromedp.Tasks {
	tasks := chromedp.Tasks{
		emulation.SetUserAgentOverride(sample.UserAgent),
		emulation.SetFocusEmulationEnabled(true), // Chromium's own questions take it, at a moment of theirs
	}
	if form == device.Desktop {
		tasks = append(tasks, emulation.SetDeviceMetricsOverride(1280, 1400, 1, false))
	} else {
		tasks = append(tasks, emulation.SetDeviceMetricsOverride(390, 844, 2, true), emulation.SetTouchEmulationEnabled(true))
	}
	tasks = append(tasks, early(Life))
	dev := device.Detect(sample.UserAgent)
	if bridge, ok := bridges[dev.Container]; ok {
		tasks = append(tasks, early(bridge))
	}
	switch scripts {
	case scenario.NoWASM:
		tasks = append(tasks, early(`delete window.WebAssembly`))
	case scenario.NoScripts:
		tasks = append(tasks, emulation.SetScriptExecutionDisabled(true))
	}
	return tasks
}

func early(script string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	})
}

// Life lets who drives a page say whether anybody sees it, by front(true) and front(false):
// that outlives the page.
const Life = `(() => {
	const seen = () => { try { return !sessionStorage.hidden } catch (denied) { return true } };
	Object.defineProperty(document, "hidden", { get: () => !seen() });
	Object.defineProperty(document, "visibilityState", { get: () => (seen() ? "visible" : "hidden") });
	window.front = (yes) => {
		yes ? delete sessionStorage.hidden : (sessionStorage.hidden = "1");
		document.dispatchEvent(new Event("visibilitychange"));
	};
})();`

const weixin = `window.WeixinJSBridge = { invoke: (name, params, answer) => { window.asked = { path: "/phone/bridge", params, answer } } };`

// bridges are the objects that apps give a page. They keep what the page asks until the
// scenario answers.
var bridges = map[device.Container]string{
	device.WeChat: weixin,
	device.WeCom:  weixin,
	device.Alipay: `window.AlipayJSBridge = { call: (name, params, answer) => { window.asked = { path: "/phone/tradepay", params, answer } } };`,
}

// tab is one payer's browser. It implements [scenario.Payer].
type tab struct {
	ctx     context.Context
	cancel  context.CancelFunc
	dispose func() error
}

// run does something in the tab, within a context that is not the tab's.
func (t *tab) run(ctx context.Context, actions ...chromedp.Action) error {
	within, cancel := context.WithCancel(t.ctx)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	err := chromedp.Run(within, actions...)
	if ctx.Err() != nil {
		return ctx.Err() // why it was given up
	}
	return err
}

func (t *tab) Open(ctx context.Context, url string) error { return t.run(ctx, chromedp.Navigate(url)) }

// lookEvery is how often a page is looked at for what it does not tell.
const lookEvery = 20 * time.Millisecond

func (t *tab) Await(ctx context.Context, expression string) error {
	for {
		var yes bool
		err := t.run(ctx, chromedp.Evaluate("!!("+expression+")", &yes))
		if yes {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("it never came true: %s", expression), t.shows(), err)
		case <-time.After(lookEvery):
		}
	}
}

// shows tells what the page shows, for who reads why something failed.
func (t *tab) shows() error {
	ctx, cancel := context.WithTimeout(t.ctx, time.Second)
	defer cancel()
	var text string
	if err := chromedp.Run(ctx, chromedp.Evaluate(`location.pathname + ": " + document.body.innerText.replace(/\s+/g, " ").slice(0, 300)`, &text)); err != nil {
		return nil
	}
	return errors.New("the page shows " + text)
}

// middle finds an element that can be tapped, brings it into view and returns its middle,
// unless something lies over it.
const middle = `(() => {
	const e = [...document.querySelectorAll(%s)].find((e) => e.getClientRects().length && !e.disabled);
	if (!e) return null;
	e.scrollIntoView({ block: "center", behavior: "instant" });
	const b = e.getBoundingClientRect(), x = b.x + b.width / 2, y = b.y + b.height / 2;
	return e.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
})()`

func (t *tab) Tap(ctx context.Context, selector string, times int) error {
	at, err := t.find(ctx, selector)
	if err != nil {
		return err
	}
	for range times {
		press := input.DispatchMouseEvent(input.MousePressed, at[0], at[1]).WithButton(input.Left).WithClickCount(1)
		release := input.DispatchMouseEvent(input.MouseReleased, at[0], at[1]).WithButton(input.Left).WithClickCount(1)
		if err := t.run(ctx, press, release); err != nil {
			return err
		}
	}
	return nil
}

// find waits for an element that can be tapped and stands still, and returns its middle.
// A page may go while it is looked at.
func (t *tab) find(ctx context.Context, selector string) ([]float64, error) {
	find := fmt.Sprintf(middle, quote(selector))
	var before []float64
	for {
		if err := t.Await(ctx, find); err != nil {
			return nil, err
		}
		var at []float64
		err := t.run(ctx, chromedp.Evaluate(find, &at))
		if err == nil && len(at) == 2 && slices.Equal(at, before) {
			return at, nil
		}
		before = at
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

func (t *tab) Fill(ctx context.Context, selector, value string) error {
	return t.run(ctx, chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%s).value = %s`, quote(selector), quote(value)), nil))
}

func (t *tab) Value(ctx context.Context, expression string) (value string, err error) {
	err = t.run(ctx, chromedp.Evaluate("String("+expression+")", &value))
	return value, err
}

func quote(text string) string {
	b, _ := json.Marshal(text) // a string always can be
	return string(b)
}

func (t *tab) Travel(ctx context.Context, where string) error {
	if where == "reload" {
		return t.settle(ctx, chromedp.Reload())
	}
	// Not chromedp's own: it waits for a load, which an entry of the page's does not make.
	err := t.run(ctx, chromedp.Evaluate(`history.`+where+`()`, nil))
	if err != nil && strings.Contains(err.Error(), wentAway) {
		return nil // before it could answer
	}
	return err
}

// gone are what the browser says of a page that went while something was done there, or
// before the next is there.
var gone = []string{"Not attached to an active page", wentAway, "Cannot find context with specified id"}

const wentAway = "Inspected target navigated or closed"

// settle does what may be done twice, and does it again if the page went meanwhile.
func (t *tab) settle(ctx context.Context, action chromedp.Action) error {
	for {
		err := t.run(ctx, action)
		if err == nil || !slices.ContainsFunc(gone, func(text string) bool { return strings.Contains(err.Error(), text) }) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(lookEvery):
		}
	}
}

func (t *tab) Front(ctx context.Context, yes bool) error {
	return t.settle(ctx, chromedp.Evaluate(fmt.Sprintf("front(%t)", yes), nil))
}

func (t *tab) Answer(ctx context.Context, do, sim string) error {
	if err := t.Await(ctx, "window.asked"); err != nil {
		return err
	}
	var asked struct {
		Path   string            `json:"path"`
		Params map[string]string `json:"params"`
	}
	if err := t.run(ctx, chromedp.Evaluate(`({ path: asked.path, params: asked.params })`, &asked)); err != nil {
		return err
	}
	asked.Params["user"], asked.Params["do"] = "ming", do
	said, err := decide(ctx, sim+asked.Path, asked.Params)
	if err != nil {
		return err
	}
	return t.run(ctx, chromedp.Evaluate(`(() => { const a = asked; delete window.asked; a.answer(`+said+`) })()`, nil))
}

// decide has the simulated wallet decide, and returns its answer to the page in JSON.
func decide(ctx context.Context, address string, params map[string]string) (string, error) {
	body, err := json.Marshal(params)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(string(body)))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var said json.RawMessage
	err = json.NewDecoder(response.Body).Decode(&said)
	return string(said), err
}

func (t *tab) Picture(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var png []byte
	err := t.run(ctx, chromedp.CaptureScreenshot(&png))
	return png, err
}

func (t *tab) Close() error {
	t.cancel()
	return t.dispose()
}
