package httpd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"morepay/internal/page"
)

// streamHeaders are those of the answer, and streamBegin its first lines.
var (
	streamHeaders = []string{
		"Content-Type: text/event-stream; charset=utf-8",
		"Cache-Control: no-store",
		"X-Accel-Buffering: no",
		"X-Content-Type-Options: nosniff",
	}
	streamBegin = fmt.Sprintf("retry: %d\n\n", streamRetry) + streamSign
)

// streamHead begins the answer on a connection of its own. The stream ends with that, so
// it needs neither a length nor chunks.
var streamHead = "HTTP/1.1 200 OK\r\n" + strings.Join(streamHeaders, "\r\n") + "\r\nConnection: close\r\n\r\n" + streamBegin

// streamSign is one beat. An event without data would not reach the page's scripts.
const streamSign = "event: beat\ndata: 1\n\n"

// line is what a stream is written to. What is read from it is only that it has ended.
type line interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// stream is one page that waits for news. Its connection, where it has one of its own, is
// taken over from net/http, whose buffers and request would more than double what ten
// thousand waiters cost.
type stream struct {
	*Server
	line    line
	head    string // written first
	session string // id
	request page.Request
	seen    int64 // number of the newest event that the page knows
}

// run writes until the client leaves, the server stops or the stream has lived
// long enough. It waits before it reads, so that nothing falls between.
func (st *stream) run() {
	defer st.line.Close()
	defer func() {
		if p := recover(); p != nil {
			st.log.Error("panic", "value", p, "stack", string(debug.Stack()))
		}
	}()
	news, stop := st.service.Hub().Wait(st.session)
	defer stop()
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	st.open.Go(func() { st.watch(leave) })
	if !st.write(st.head) {
		return
	}
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	end := time.NewTimer(streamLife)
	defer end.Stop()
	for st.tell(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			return
		case _, ok := <-news:
			if !ok {
				return
			}
		case <-beat.C:
			if !st.write(streamSign) {
				return
			}
		}
	}
}

// watch calls left when the client closes its side; it has nothing more to say.
func (st *stream) watch(left func()) {
	_ = st.line.SetReadDeadline(time.Time{}) // where it fails, so does Read
	_, _ = st.line.Read(make([]byte, 1))
	left()
}

// tell writes the page's progress if there are events that the page does not know. It
// returns false when the stream is over: the browser connects again.
func (st *stream) tell(ctx context.Context) bool {
	l, err := st.ledger(ctx, st.request)
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		st.log.WarnContext(ctx, "an event stream ends", "session", st.session, "err", err)
		return false
	}
	if l.Session.LastEvent <= st.seen {
		return true
	}
	progress, err := st.progress(ctx, l, st.request)
	if err != nil {
		st.log.ErrorContext(ctx, "an event stream ends", "session", st.session, "err", err)
		return false
	}
	data, err := json.Marshal(progress)
	if err != nil {
		st.log.ErrorContext(ctx, "an event stream ends", "session", st.session, "err", err)
		return false
	}
	st.seen = progress.LastEvent
	return st.write(fmt.Sprintf("id: %d\nevent: live\ndata: %s\n\n", progress.LastEvent, data))
}

// write writes with a deadline of its own: the server's is for whole answers.
func (st *stream) write(s string) bool {
	if st.line.SetWriteDeadline(time.Now().Add(streamWrite)) != nil {
		return false
	}
	_, err := st.line.Write([]byte(s))
	return err == nil
}

// Wait returns when ctx has ended, every event stream, and all work that has
// outlasted its request.
func (s *Server) Wait(ctx context.Context) {
	<-ctx.Done()
	s.open.Wait()
}
