package app

import (
	"errors"
	"net/url"
	"syscall/js"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/pay"
	"morepay/internal/view"
)

// OnMount begins what only a browser can do. go-app calls it once, after the
// first rendering.
func (c *Checkout) OnMount(ctx goapp.Context) {
	// go-app has put a handler there that takes every link to itself, also those
	// that must leave our frame.
	js.Global().Set("onclick", js.Null())

	b := &browser{
		ctx:    ctx,
		page:   c,
		server: newServer(&c.View),
		nudges: make(chan struct{}, 1),
		served: c.View.Progress.ServerTime,
		heard:  time.Now().Add(-sinceResponse()),
	}
	c.local.choosing = queryHas("choose") // a page without scripts was asked for the list
	b.refine()
	b.listen()
	b.openBridge()
	go b.follow()
	go b.tick()
}

// browser is the browser side of a checkout. Its methods run on go-app's UI
// goroutine unless they say otherwise; it lives as long as the page.
type browser struct {
	ctx    goapp.Context
	page   *Checkout
	server server
	nudges chan struct{} // asks the follower to look at once

	served time.Time // the server's clock …
	heard  time.Time // … at this time of ours

	hiddenAt time.Time // when the page was hidden last

	launch   *launch // the hand-off that is being watched, or nil
	fromList bool    // the form that is on its way was sent from the list
	asking   bool    // the server has been told to ask the provider
	away     bool    // the payer was handed over, and the page was hidden since

	unsent *unsent // the form that did not get through, or nil
}

// do runs a change on the UI goroutine, from any other, and draws the result. If
// it leads to another screen, the focus goes there.
func (b *browser) do(change func()) {
	b.ctx.Dispatch(func(ctx goapp.Context) {
		before := b.screenID()
		change()
		setTitle(b.page.screen().pageTitle())
		if b.screenID() != before {
			ctx.Defer(func(goapp.Context) { focusTitle() })
		}
	})
}

// screenID is different on different screens.
func (b *browser) screenID() string {
	s := b.page.screen()
	id := string(s.Progress.State) + " " + s.rail() + string(s.Open)
	if s.returned() {
		id += " returned"
	}
	if p := s.Progress.Payment; p != nil && !p.Since.IsZero() && s.since(*p) >= silentAfter {
		id += " silent"
	}
	return id
}

// progress returns the newest progress that is known.
func (b *browser) progress() view.Progress {
	if b.page.local.progress != nil {
		return *b.page.local.progress
	}
	return b.page.View.Progress
}

// setProgress puts other progress on the screen.
func (b *browser) setProgress(progress view.Progress) {
	if onward(b.progress(), progress) && !framed() {
		progress.Onward = true
		b.goOn()
	}
	b.enterCode(progress)
	if b.launch != nil && listed(b.progress().State) {
		b.page.local.launching = true // the list goes, before a hand-off's pause is over
	}
	b.page.local.progress = &progress
	b.served, b.heard = progress.ServerTime, time.Now()
	b.page.local.now = progress.ServerTime
	b.openBridge()
}

// enterCode makes an entry of the history for a code that takes the list's place, when
// the answer to the list's form brings it or news of it, whichever is here first.
func (b *browser) enterCode(progress view.Progress) {
	if !b.fromList || b.page.local.choosing || progress.Payment == nil || progress.Payment.QR == nil {
		return
	}
	b.fromList = false
	if !framed() {
		leaveList()
	}
}

// goOn has the page's script lead the payer on to the merchant after a while.
func (b *browser) goOn() {
	if page := js.Global().Get("morepay"); page.Get("onward").Truthy() {
		page.Call("onward")
	}
}

// now returns the server's clock. It may run on any goroutine.
func (b *browser) now() time.Time { return b.served.Add(time.Since(b.heard)) }

// follow keeps the page up to date. It runs on a goroutine of its own and ends
// when there is nothing more to learn.
func (b *browser) follow() {
	f := follower{
		source: b.server,
		hear: func(progress view.Progress) {
			b.do(func() { b.setProgress(merge(b.progress(), progress)) })
		},
		health:  b.health,
		nudge:   b.nudges,
		unseen:  b.unseen,
		offline: func() bool { return !online() },
		now:     b.now,
		last:    b.page.View.Progress,
	}
	f.run()
}

// tick moves the countdowns. It runs on a goroutine of its own and ends when
// nothing is counted down any more.
func (b *browser) tick() {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for range second.C {
		if final(b.progress().State) {
			return
		}
		if !hidden() {
			b.do(func() { b.page.local.now = b.now() })
		}
	}
}

// nudge makes the follower look at once. It may run on any goroutine.
func (b *browser) nudge() {
	select {
	case b.nudges <- struct{}{}:
	default: // it is about to
	}
}

// choose goes back to the list; what was waiting may still be paid.
func (b *browser) choose() {
	if entry() == entryCode {
		js.Global().Get("history").Call("back") // and then travelled
		return
	}
	b.showList()
	forgetQuery()
}

func (b *browser) showList() {
	local := &b.page.local
	local.choosing, local.acted, local.failure, local.stuck = true, true, nil, false
}

// travelled shows what belongs to the entry of the history that the payer went to.
func (b *browser) travelled() {
	if entry() == entryList || queryHas("choose") {
		b.showList()
		return
	}
	b.page.local.choosing = false
}

// unsent is a form that did not get through.
type unsent struct {
	form  js.Value
	since time.Time
}

// repeatFor is the time for which a tap is repeated by itself. After it, the payer
// may have turned to something else.
const repeatFor = time.Minute

// send posts a form in the payer's stead and shows the answer. It runs on a goroutine
// of its own.
func (b *browser) send(form js.Value) {
	progress, err := b.post(form)
	b.do(func() {
		if err != nil && !refused(err) {
			b.unsent = &unsent{form, time.Now()}
			b.nudge() // whether anybody can be reached decides what becomes of it
			return
		}
		b.idle()
		b.answered(progress, err)
	})
}

func (b *browser) post(form js.Value) (view.Progress, error) {
	content := js.Global().Get("URLSearchParams").New(js.Global().Get("FormData").New(form)).Call("toString").String()
	return b.server.post(form.Call("getAttribute", "action").String(), content)
}

// health shows whether the server can be reached, and sends what did not get
// through: again, and if that is no use although the server is there, as the
// browser would have, for then the way is barred for scripts. It may run on any
// goroutine.
func (b *browser) health(ok bool) {
	b.do(func() {
		b.page.local.offline = !ok
		late := b.unsent
		if late == nil {
			return
		}
		if !ok {
			b.idle() // the payer may choose again
			return
		}
		b.unsent = nil
		if !late.form.Get("isConnected").Bool() || time.Since(late.since) > repeatFor {
			b.idle()
			return
		}
		b.engage(late.form)
		go b.repeat(late.form)
	})
}

func (b *browser) repeat(form js.Value) {
	progress, err := b.post(form)
	if err != nil && !refused(err) && online() && form.Get("isConnected").Bool() {
		js.Global().Get("HTMLFormElement").Get("prototype").Get("submit").Call("call", form)
		return
	}
	b.do(func() {
		b.idle()
		b.answered(progress, err)
	})
}

// check asks the server to ask the provider, unless it is being asked already. The
// payer did not ask for this: they hear of a payment, but not that there is none.
// returned says that they come from the wallet, where they may have paid.
func (b *browser) check(returned bool) {
	if b.asking {
		return
	}
	b.asking = true
	form := "form_token=" + url.QueryEscape(b.progress().FormToken) + b.server.words
	go func() {
		progress, err := b.server.post(b.server.path+"/return", form)
		b.do(func() {
			b.asking = false
			if err != nil {
				b.nudge()
				return
			}
			if p := progress.Payment; p != nil && progress.State == view.StateWaiting {
				p.Returned, p.Since = returned, progress.ServerTime
			}
			b.setProgress(merge(b.progress(), progress))
		})
	}()
}

// answered shows the answer to something that this page asked for: unlike news,
// it says what to show.
func (b *browser) answered(progress view.Progress, err error) {
	local := &b.page.local
	local.acted = true
	if err == nil {
		local.choosing, local.failure, local.offline = false, nil, false
		if shown := b.progress(); overtaken(&shown, &progress) {
			progress = shown
		}
		b.setProgress(progress)
		b.fromList = false
		forgetQuery()
		return
	}
	local.offline = true
	if r, ok := errors.AsType[*refusal](err); ok {
		local.offline, local.failure = false, b.failure(r.code)
	}
	b.nudge() // it may have been refused because something has changed
}

func (b *browser) failure(code pay.Code) *view.Error {
	text := b.page.View.Text
	return &view.Error{Code: code, Message: text.Or("error."+string(code), text["error."+string(pay.CodeInternal)])}
}
