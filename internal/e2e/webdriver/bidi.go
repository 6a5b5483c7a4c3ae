package webdriver

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"morepay/internal/e2e/browsertest"
)

// bidi is the connection of a session of WebDriver BiDi: commands and their
// answers, and what the browser tells in between.
type bidi struct {
	conn  net.Conn
	heard func(logEntry) // of log.entryAdded; must not block

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	gone    error // why nothing will be answered any more
}

// message is what the browser sends: an answer, or an event with a method.
type message struct {
	ID      int
	Type    string
	Result  json.RawMessage
	Error   string
	Message string
	Method  string
	Params  json.RawMessage
}

// logEntry is what a page said on its console, or an exception that nobody caught.
type logEntry struct{ Type, Level, Text string }

// dial connects to a browser; the connection ends with the test.
func dial(t testing.TB, url string) *bidi {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), browsertest.Patience)
	defer cancel()
	conn, _, _, err := ws.Dial(ctx, url)
	if err != nil {
		t.Fatalf("webdriver: %v", err)
	}
	b := &bidi{conn: conn, waiting: map[int]chan message{}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		b.read()
	}()
	t.Cleanup(func() {
		conn.Close()
		<-read
	})
	return b
}

// read hands out what arrives until the connection ends.
func (b *bidi) read() {
	for {
		raw, err := wsutil.ReadServerText(b.conn)
		if err != nil {
			b.hangUp(err)
			return
		}
		var m message
		if err := json.Unmarshal(raw, &m); err != nil {
			b.hangUp(err)
			return
		}
		if m.Method == "log.entryAdded" {
			var entry logEntry
			if json.Unmarshal(m.Params, &entry) == nil {
				b.heard(entry)
			}
			continue
		}
		b.mu.Lock()
		answer := b.waiting[m.ID]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
}

// hangUp tells all who wait that there will be no answer.
func (b *bidi) hangUp(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone = err
	for _, answer := range b.waiting {
		answer <- message{Type: "error", Error: "gone", Message: err.Error()}
	}
	clear(b.waiting)
}

// do sends a command and stores its result in the value that out points to, if any.
func (b *bidi) do(method string, params map[string]any, out any) error {
	answer := make(chan message, 1)
	if err := b.send(method, params, answer); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m := <-answer:
		if m.Type != "success" {
			return fmt.Errorf("%s: %s: %s", method, m.Error, m.Message)
		}
		if out == nil {
			return nil
		}
		return json.Unmarshal(m.Result, out)
	case <-time.After(browsertest.Patience):
		return fmt.Errorf("%s: no answer", method)
	}
}

func (b *bidi) send(method string, params map[string]any, answer chan message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone != nil {
		return b.gone
	}
	b.last++
	raw, err := json.Marshal(map[string]any{"id": b.last, "method": method, "params": params})
	if err != nil {
		return err
	}
	b.waiting[b.last] = answer
	return wsutil.WriteClientText(b.conn, raw)
}
