package app

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"syscall/js"
	"time"

	"morepay/internal/view"
)

// fetchLimit is how long an answer may take: longer than the server lets a
// provider take, so that it is the server that gives up.
const fetchLimit = 20 * time.Second

// server is the session's routes.
type server struct{ path string }

// fetch asks what the session is like.
func (s server) fetch(ctx context.Context) (view.Live, error) {
	return request(ctx, s.path+"/events", map[string]any{
		"headers": map[string]any{"Accept": "application/json"},
	})
}

// post sends a form's content and returns what the session is like after it.
func (s server) post(ctx context.Context, address, form string) (view.Live, error) {
	return request(ctx, address, map[string]any{
		"method": "POST",
		"body":   form,
		"headers": map[string]any{
			"Accept":       "application/json",
			"Content-Type": "application/x-www-form-urlencoded",
		},
	})
}

func request(ctx context.Context, address string, options map[string]any) (view.Live, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	abort := js.Global().Get("AbortController").New()
	defer abort.Call("abort") // after the answer this does nothing
	options["signal"] = abort.Get("signal")
	options["cache"] = "no-store"

	response, err := await(ctx, js.Global().Call("fetch", address, options))
	if err != nil {
		return view.Live{}, err
	}
	body, err := await(ctx, response.Call("text"))
	if err != nil {
		return view.Live{}, err
	}
	return decode(response.Get("ok").Bool(), []byte(body.String()))
}

// await waits for a promise. What it was waiting for may go on after ctx ended.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type settled struct {
		value js.Value
		err   error
	}
	done := make(chan settled, 1)
	var fulfil, reject js.Func
	release := func() { fulfil.Release(); reject.Release() }
	fulfil = js.FuncOf(func(_ js.Value, args []js.Value) any {
		defer release()
		done <- settled{value: args[0]}
		return nil
	})
	reject = js.FuncOf(func(_ js.Value, args []js.Value) any {
		defer release()
		done <- settled{err: errors.New(args[0].Call("toString").String())}
		return nil
	})
	promise.Call("then", fulfil, reject)
	select {
	case s := <-done:
		return s.value, s.err
	case <-ctx.Done():
		return js.Undefined(), ctx.Err()
	}
}

// streamBuffer is how many messages may wait for a reader that is busy asking.
const streamBuffer = 16

// stream opens an event stream. The browser's own reconnecting is not used: it
// gives up on some answers and never tells how it stands.
func (s server) stream(ctx context.Context, after int64) <-chan *view.Live {
	news := make(chan *view.Live, streamBuffer)
	constructor := js.Global().Get("EventSource")
	if !constructor.Truthy() {
		close(news)
		return news
	}
	events := constructor.New(s.path + "/events?after=" + strconv.FormatInt(after, 10))
	broken := make(chan struct{}, 1)
	fail := func() {
		select {
		case broken <- struct{}{}:
		default:
		}
	}
	push := func(live *view.Live) {
		select {
		case news <- live:
		default:
			fail()
		}
	}
	listeners := map[string]js.Func{
		"open":  js.FuncOf(func(js.Value, []js.Value) any { push(nil); return nil }),
		"error": js.FuncOf(func(js.Value, []js.Value) any { fail(); return nil }),
		"live": js.FuncOf(func(_ js.Value, args []js.Value) any {
			var live view.Live
			if json.Unmarshal([]byte(args[0].Get("data").String()), &live) != nil {
				fail()
				return nil
			}
			push(&live)
			return nil
		}),
	}
	for name, listener := range listeners {
		events.Call("addEventListener", name, listener)
	}
	go func() {
		select {
		case <-broken:
		case <-ctx.Done():
		}
		events.Call("close") // no listener runs after this
		for name, listener := range listeners {
			events.Call("removeEventListener", name, listener)
			listener.Release()
		}
		close(news)
	}()
	return news
}
