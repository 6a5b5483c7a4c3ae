package app

import (
	"syscall/js"
	"time"

	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// listen takes what bubbles up from the components, and what the browser says
// about the page. The listeners stay as long as the page does.
func (b *browser) listen() {
	document, window := js.Global().Get("document"), js.Global()
	on(document, "submit", b.onSubmit)
	on(document, "click", b.onClick)
	on(document, "visibilitychange", func(js.Value) { b.do(b.seen) })
	on(window, "pageshow", b.onPageShow)
	on(window, "online", func(js.Value) { b.nudge() })
	on(window, "offline", func(js.Value) { b.nudge() })
	on(window, "blur", func(js.Value) { b.do(b.blurred) })
	on(window, "focus", func(js.Value) { b.do(b.focused) })
	if hidden() {
		b.watchHidden()
	}
	for _, bridge := range bridges {
		on(document, bridge.ready, func(js.Value) { b.do(b.refine) })
	}
}

func on(target js.Value, event string, handle func(event js.Value)) {
	target.Call("addEventListener", event, js.FuncOf(func(_ js.Value, args []js.Value) any {
		handle(args[0])
		return nil
	}))
}

// onSubmit takes over the forms that end in this frame. The others are left to
// the browser: a wallet opens only on a navigation that a tap has begun.
// It runs within the event, so that it can stop it.
func (b *browser) onSubmit(event js.Value) {
	if event.Get("defaultPrevented").Bool() {
		return
	}
	form := event.Get("target")
	switch data(form, "inline") {
	case "choose":
		event.Call("preventDefault")
		b.do(b.choose)
	case "post":
		event.Call("preventDefault")
		if !b.page.local.busy {
			b.page.local.busy, b.unsent = true, nil
			b.ctx.Update()
			go b.send(form)
		}
	default:
		if rails[pay.Rail(data(form, "rail"))].leaves {
			b.watchLaunch()
		}
	}
}

func (b *browser) onClick(event js.Value) {
	button := event.Get("target").Call("closest", "[data-copy],[data-bridge]")
	if !button.Truthy() {
		return
	}
	if id := data(button, "copy"); id != "" {
		go b.copyLink(id)
		return
	}
	b.do(b.callBridge)
}

// onPageShow: a page that comes back from the browser's memory shows the past.
func (b *browser) onPageShow(event js.Value) {
	if event.Get("persisted").Bool() {
		b.do(b.resume)
	}
}

// unseenAfter is the time for which a hidden page keeps its stream: a browser has
// few connections to one server, for all its tabs.
const unseenAfter = 30 * time.Second

// unseen reports whether nobody has seen the page for that long. It may run on any
// goroutine.
func (b *browser) unseen() bool { return hidden() && time.Since(b.hiddenAt) >= unseenAfter }

// watchHidden has the follower look when the page becomes unseen.
func (b *browser) watchHidden() {
	b.hiddenAt = time.Now()
	time.AfterFunc(unseenAfter, func() {
		if b.unseen() {
			b.nudge()
		}
	})
}

// seen: the page was hidden or shown.
func (b *browser) seen() {
	if hidden() {
		b.watchHidden()
		b.away = b.away || b.launch != nil || b.inWallet()
		b.judgeLaunch()
		return
	}
	b.resume()
}

// resume looks at once, and after a wallet asks the provider too.
func (b *browser) resume() {
	if b.away {
		b.away = false
		b.check()
	}
	b.nudge()
}

// inWallet reports whether the payer is to pay in an app on this very device.
func (b *browser) inWallet() bool {
	progress := b.progress()
	p := progress.Payment
	return progress.State == view.StateWaiting && p != nil && p.AttemptID != "" && (p.Bridge != nil || rails[p.Rail].leaves)
}

// handOffPause delays drawing after a hand-off: a form that is taken out of the
// page at once would not be sent.
const handOffPause = 200 * time.Millisecond

// watchLaunch begins to watch a hand-off.
func (b *browser) watchLaunch() {
	b.launch = begin(b.page.screen().Device.OS, time.Now())
	b.page.local.choosing = false
	time.AfterFunc(handOffPause, func() {
		b.do(func() { b.page.local.launching = b.launch != nil })
	})
	b.armLaunch()
}

func (b *browser) armLaunch() {
	time.AfterFunc(time.Until(b.launch.due), func() { b.do(b.judgeLaunch) })
}

func (b *browser) judgeLaunch() {
	if b.launch == nil || b.launch.judge(hidden(), time.Now()) == unknown {
		return
	}
	b.launch = nil
	b.page.local.launching = false
}

func (b *browser) blurred() {
	if b.launch != nil {
		b.launch.blur()
	}
}

func (b *browser) focused() {
	if b.launch != nil {
		b.launch.focus(time.Now())
		b.armLaunch()
	}
}

// bridge describes one host app's own bridge.
type bridge struct {
	object  string // the global object that the app puts in
	ready   string // the event of the document that says it is there
	method  string // of the object
	request string // first argument
}

// bridges has one row for each view.Bridge.Name.
var bridges = map[string]bridge{
	"weixin": {"WeixinJSBridge", "WeixinJSBridgeReady", "invoke", "getBrandWCPayRequest"},
	"alipay": {"AlipayJSBridge", "AlipayJSBridgeReady", "call", "tradePay"},
}

// openBridge calls the bridge by itself, once an attempt.
func (b *browser) openBridge() {
	progress := b.progress()
	p := progress.Payment
	if progress.State != view.StateWaiting || p == nil || p.Bridge == nil || p.Returned || p.AttemptID == b.bridged {
		return
	}
	b.bridged = p.AttemptID
	b.callBridge()
}

// callBridge shows the host app's payment window, as soon as its bridge is
// there. Whatever it answers proves nothing: it is a reason to check.
func (b *browser) callBridge() {
	p := b.progress().Payment
	if p == nil || p.Bridge == nil {
		return
	}
	row, known := bridges[p.Bridge.Name]
	if !known {
		return
	}
	params := make(map[string]any, len(p.Bridge.Params))
	for name, value := range p.Bridge.Params {
		params[name] = value
	}
	attempt := p.AttemptID
	whenReady(row, func(object js.Value) {
		object.Call(row.method, row.request, params, once(func() {
			b.do(func() {
				if now := b.progress().Payment; now != nil && now.AttemptID == attempt {
					b.check()
				}
			})
		}))
	})
}

func whenReady(row bridge, call func(object js.Value)) {
	if object := js.Global().Get(row.object); object.Truthy() {
		call(object)
		return
	}
	js.Global().Get("document").Call("addEventListener", row.ready,
		once(func() { call(js.Global().Get(row.object)) }), map[string]any{"once": true})
}

// once returns a callback that frees itself when it is called.
func once(f func()) js.Func {
	var callback js.Func
	callback = js.FuncOf(func(js.Value, []js.Value) any {
		callback.Release()
		f()
		return nil
	})
	return callback
}

// refine decides again if the browser knows the device better than the user
// agent told the server.
func (b *browser) refine() {
	hints := readHints()
	refined := b.page.View.Device.Refine(device.ParseHints(hints))
	if refined != b.page.View.Device {
		b.page.local.device, b.page.local.hints = &refined, hints
	}
}

// readHints returns device.Hints as the JSON that the server will be told, so
// that both decide from the same words.
func readHints() string {
	global := js.Global()
	return global.Get("JSON").Call("stringify", map[string]any{
		"touch_points":  global.Get("navigator").Get("maxTouchPoints"),
		"weixin_bridge": global.Get(bridges["weixin"].object).Truthy(),
		"alipay_bridge": global.Get(bridges["alipay"].object).Truthy(),
		"environment":   global.Get("__wxjs_environment"),
	}).String()
}
