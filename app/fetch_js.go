package app

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"syscall/js"
	"time"

	"morepay/internal/view"
)

// fetchLimit bounds the wait for an answer: longer than the server lets a
// provider take, so that it is the server that gives up.
const fetchLimit = 20 * time.Second

// server is the session's routes. words is a field to follow others, which keeps the
// answers to what the page was asked to show.
type server struct{ path, words string }

func newServer(v *view.Checkout) server {
	return server{path: v.Path, words: "&words=" + url.QueryEscape(v.Words)}
}

// fetch asks what the session is like.
func (s server) fetch() (view.Progress, error) { return request(s.path+"/events?"+s.words, "") }

// post sends a form's content and returns what the session is like after it.
func (s server) post(address, form string) (view.Progress, error) { return request(address, form) }

// request posts a form, or asks if it is "".
func request(address, form string) (view.Progress, error) {
	abort := js.Global().Get("AbortController").New()
	limit := time.AfterFunc(fetchLimit, func() { abort.Call("abort") })
	defer limit.Stop()
	headers := map[string]any{"Accept": "application/json"}
	options := map[string]any{"headers": headers, "signal": abort.Get("signal"), "cache": "no-store"}
	if form != "" {
		options["method"], options["body"] = "POST", form
		headers["Content-Type"] = "application/x-www-form-urlencoded"
	}

	response, err := await(js.Global().Call("fetch", address, options))
	if err != nil {
		return view.Progress{}, err
	}
	body, err := await(response.Call("text"))
	if err != nil {
		return view.Progress{}, err
	}
	return decode(response.Get("ok").Bool(), []byte(body.String()))
}

// await waits for a promise.
func await(promise js.Value) (js.Value, error) {
	type settled struct {
		value js.Value
		err   error
	}
	done := make(chan settled, 1)
	fulfil := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- settled{value: args[0]}
		return nil
	})
	defer fulfil.Release()
	reject := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- settled{err: errors.New(args[0].Call("toString").String())}
		return nil
	})
	defer reject.Release()
	promise.Call("then", fulfil, reject)
	s := <-done
	return s.value, s.err
}

// streamBuffer is the number of messages that may wait for a reader that is busy asking.
const streamBuffer = 16

// stream opens an event stream. The browser's own reconnecting is not used: it
// gives up on some answers and never tells how it stands.
func (s server) stream(after int64) (<-chan *view.Progress, func()) {
	e := &eventStream{news: make(chan *view.Progress, streamBuffer)}
	constructor := js.Global().Get("EventSource")
	if !constructor.Truthy() {
		close(e.news)
		return e.news, func() {}
	}
	e.source = constructor.New(s.path + "/events?after=" + strconv.FormatInt(after, 10) + s.words)
	e.on("beat", func(js.Value) { e.push(nil) })
	e.on("error", func(js.Value) { e.stop() })
	e.on("live", e.message)
	return e.news, e.stop
}

// eventStream is one connection. Its methods run one at a time: in a browser
// there is one thread, and none of them blocks.
type eventStream struct {
	source    js.Value
	news      chan *view.Progress
	listeners []js.Func
	stopped   bool
}

func (e *eventStream) on(event string, handle func(js.Value)) {
	listener := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if !e.stopped {
			handle(args[0])
		}
		return nil
	})
	e.listeners = append(e.listeners, listener)
	e.source.Call("addEventListener", event, listener)
}

func (e *eventStream) message(event js.Value) {
	var progress view.Progress
	if json.Unmarshal([]byte(event.Get("data").String()), &progress) != nil {
		e.stop()
		return
	}
	e.push(&progress)
}

// push hands a message on. A reader that lags too far has to connect again.
func (e *eventStream) push(progress *view.Progress) {
	select {
	case e.news <- progress:
	default:
		e.stop()
	}
}

// stop ends the connection. After close no listener is called any more.
func (e *eventStream) stop() {
	if e.stopped {
		return
	}
	e.stopped = true
	e.source.Call("close")
	close(e.news)
	for _, listener := range e.listeners {
		listener.Release()
	}
}
