package httpd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"morepay/internal/pay"
)

// How event streams are kept.
const (
	streamWrite = 10 * time.Second // for one write
	streamBeat  = 20 * time.Second // between signs of life, so that proxies keep the line open
	streamLife  = 30 * time.Minute // then the browser connects again
	streamRetry = 2000             // milliseconds the browser waits before it does
)

// events streams the live view: one message for everything new since the event
// number that the client has seen (Last-Event-ID, else the query's after). The
// message's id is the newest event's number. Clients that don't take event
// streams get the live view at once.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	// Counted before the token is looked up: a guess costs as much as a payer.
	if err := s.allowIP(s.eventIPs, r); err != nil {
		return err
	}
	l, err := s.service.ByToken(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	if !wants(r, "text/event-stream") {
		if !s.exempt(s.clientIP(r)) {
			if err := s.statusChecks.allow(l.Session.ID); err != nil {
				return err
			}
		}
		live, err := s.liveOf(r, l)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, live)
	}
	seen, err := seenEvent(r)
	if err != nil {
		return err
	}
	leave, err := s.enterStream(r, l.Session.ID)
	if err != nil {
		return err
	}
	defer leave()
	return s.stream(w, r, l, seen)
}

func seenEvent(r *http.Request) (int64, error) {
	raw := r.Header.Get("Last-Event-ID")
	if raw == "" {
		raw = r.URL.Query().Get("after")
	}
	if raw == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || n < 0 {
		return 0, pay.Errorf(pay.CodeInvalid, "Last-Event-ID", "must be an event's number")
	}
	return n, nil
}

// enterStream takes the stream's place under every bound; leave gives it back.
func (s *Server) enterStream(r *http.Request, sessionID string) (leave func(), err error) {
	bounds := map[string]int{"all": maxEventConn}
	if ip := s.clientIP(r); !s.exempt(ip) {
		bounds["ip "+ipKey(ip)] = maxPerIP
		bounds["session "+sessionID] = maxPerPayer
	}
	free, err := s.streams.enter(bounds)
	if err != nil {
		return nil, err
	}
	s.metrics.streams.Inc()
	return func() { s.metrics.streams.Dec(); free() }, nil
}

// stream writes until the client leaves, the server stops or the stream has
// lived long enough. It waits before it reads, so that nothing falls between.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, l *pay.Ledger, seen int64) error {
	id := l.Session.ID
	news, stop := s.service.Hub().Wait(id)
	defer stop()
	out := &streamWriter{w: w, c: http.NewResponseController(w)}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")
	if err := out.write(fmt.Sprintf("retry: %d\n\n", streamRetry)); err != nil {
		return nil
	}
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	end := time.NewTimer(streamLife)
	defer end.Stop()
	for {
		var err error
		if seen, err = s.sendNews(out, r, seen); err != nil {
			return err
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-end.C:
			return nil
		case _, ok := <-news:
			if !ok {
				return nil
			}
		case <-beat.C:
			if out.write(": \n\n") != nil {
				return nil
			}
		}
	}
}

// sendNews writes the live view if there are events after seen, and returns the
// number it has told.
func (s *Server) sendNews(out *streamWriter, r *http.Request, seen int64) (int64, error) {
	l, err := s.service.ByToken(r.Context(), r.PathValue("token"))
	if err != nil || l.Session.LastEvent <= seen {
		return seen, err
	}
	live, err := s.liveOf(r, l)
	if err != nil {
		return seen, err
	}
	data, err := json.Marshal(live)
	if err != nil {
		return seen, err
	}
	if out.write(fmt.Sprintf("id: %d\nevent: live\ndata: %s\n\n", live.LastEvent, data)) != nil {
		return live.LastEvent, nil // the client is gone: its context says so next
	}
	return live.LastEvent, nil
}

// streamWriter writes and flushes, each time with a deadline of its own: the
// server's write timeout is for whole answers.
type streamWriter struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func (o *streamWriter) write(s string) error {
	if err := o.c.SetWriteDeadline(time.Now().Add(streamWrite)); err != nil {
		return err
	}
	if _, err := o.w.Write([]byte(s)); err != nil {
		return err
	}
	return o.c.Flush()
}
