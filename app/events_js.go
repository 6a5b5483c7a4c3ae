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
	on(window, "popstate", func(js.Value) { b.do(b.travelled) })
	on(window, "online", func(js.Value) { b.nudge() })
	on(window, "offline", func(js.Value) { b.nudge() })
	on(window, "blur", func(js.Value) { b.do(b.blurred) })
	on(window, "focus", func(js.Value) { b.do(b.focused) })
	if hidden() {
		b.watchHidden()
	}
	on(document, "morepay-answer", b.onAnswer)
	for _, app := range []string{"Weixin", "Alipay"} {
		on(document, app+"JSBridgeReady", func(js.Value) { b.do(b.refine) })
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
	b.page.local.stuck = false
	switch data(form, "inline") {
	case "choose":
		event.Call("preventDefault")
		b.do(b.choose)
	case "post":
		event.Call("preventDefault")
		if !b.page.local.busy {
			b.unsent = nil
			b.engage(form)
			b.ctx.Update()
			go b.send(form)
		}
	default:
		b.leave(form)
		if factsOf(pay.Rail(data(form, "rail"))).leaves {
			b.watchLaunch()
		}
	}
}

// leaveFor is the time after which a form that leaves the page must have done so, or
// never will.
const leaveFor = 10 * time.Second

// leave shows that a form is on its way that the browser sends by itself.
func (b *browser) leave(form js.Value) {
	key := keyOf(form)
	b.page.local.tapped = key
	b.ctx.Update()
	time.AfterFunc(leaveFor, func() {
		b.do(func() {
			if !b.page.local.busy && b.page.local.tapped == key {
				b.page.local.tapped = ""
			}
		})
	})
}

// engage shows that a form is on its way, by script, and idle that none is.
func (b *browser) engage(form js.Value) {
	local := &b.page.local
	local.busy, local.tapped, local.acted, local.failure = true, keyOf(form), true, nil
	b.fromList = b.fromList || listed(b.page.screen().Progress.State)
}

func (b *browser) idle() { b.page.local.busy, b.page.local.tapped = false, "" }

// keyOf returns the key of a form, see [screen.tapped].
func keyOf(form js.Value) string {
	if data(form, "check") != "" {
		return checkKey
	}
	return attemptKey(methodOf(form), pay.Rail(data(form, "rail")))
}

// methodOf returns the method that a form chooses, or "".
func methodOf(form js.Value) pay.Method {
	if input := form.Call("querySelector", "[name=method]"); input.Truthy() {
		return pay.Method(input.Get("value").String())
	}
	return ""
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
	b.do(func() { callBridge(b.progress().Payment, true) })
}

// onPageShow: a page that comes back from the browser's memory shows the past. The
// payer has gone back to it: whether the wallet opened is not known, let alone
// whether they paid.
func (b *browser) onPageShow(event js.Value) {
	if event.Get("persisted").Bool() {
		b.do(func() {
			b.page.local.tapped = ""
			b.resume(false)
		})
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
	b.resume(true)
}

// resume looks at once, and after a wallet asks the provider too.
func (b *browser) resume(returned bool) {
	if b.away {
		b.away = false
		b.check(returned)
	}
	b.nudge()
}

// inWallet reports whether the payer is to pay in an app on this very device.
func (b *browser) inWallet() bool {
	progress := b.progress()
	p := progress.Payment
	return progress.State == view.StateWaiting && p != nil && (p.Bridge != nil || factsOf(p.Rail).leaves)
}

// handOffPause delays drawing after a hand-off: a form that is taken out of the
// page at once would not be sent.
const handOffPause = 200 * time.Millisecond

// watchLaunch begins to watch a hand-off to a wallet.
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
	if b.launch == nil {
		return
	}
	verdict := b.launch.judge(hidden(), time.Now())
	if verdict == unknown {
		return
	}
	b.launch = nil
	b.page.local.launching, b.page.local.tapped = false, ""
	b.page.local.stuck = verdict == notOpened && framed()
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

// openBridge has the wallet's own payment window opened, by itself once an attempt. A
// page that its payer is leaving may hear of the attempt before the next one is there:
// it must not, for the answer would be lost with it.
func (b *browser) openBridge() {
	progress := b.progress()
	if p := progress.Payment; progress.State == view.StateWaiting && p != nil && !p.Returned && b.page.local.tapped == "" {
		callBridge(p, false)
	}
}

// callBridge opens the host app's payment window, as soon as its bridge is there:
// the page's script does, which may have done so before we came.
func callBridge(p *view.Payment, again bool) {
	page := js.Global().Get("morepay")
	if p == nil || p.Bridge == nil || !page.Get("pay").Truthy() {
		return
	}
	params := make(map[string]any, len(p.Bridge.Params))
	for name, value := range p.Bridge.Params {
		params[name] = value
	}
	page.Call("pay", map[string]any{
		"attempt": p.AttemptID,
		"bridge":  map[string]any{"name": p.Bridge.Name, "params": params},
	}, again)
}

// onAnswer: the payment window is closed. Whatever the wallet answered proves
// nothing: it is a reason to check, and says what to show meanwhile.
func (b *browser) onAnswer(event js.Value) {
	answer := event.Get("detail")
	attempt, paid := answer.Get("attempt").String(), answer.Get("paid").Bool()
	b.do(func() {
		if p := b.progress().Payment; p != nil && p.AttemptID == attempt {
			b.check(paid)
		}
	})
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
		"weixin_bridge": global.Get("WeixinJSBridge").Truthy(),
		"alipay_bridge": global.Get("AlipayJSBridge").Truthy(),
		"environment":   global.Get("__wxjs_environment"),
	}).String()
}
