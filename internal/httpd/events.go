package httpd

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"morepay/internal/pay"
	"morepay/internal/view"
)

// How event streams are kept.
const (
	streamWrite = 10 * time.Second // for one write
	streamBeat  = view.Beat        // between signs of life; a page that misses two takes the stream for dead
	streamLife  = 30 * time.Minute // then the browser connects again
	streamRetry = 2000             // milliseconds the browser waits before it does
)

// handleEvents streams the page's progress: one message for everything new since the event
// number that the client has seen (Last-Event-ID, else the query's after). The
// message's id is the newest event's number. Events named beat say that the stream
// lives, the first at once: what stands in between may let a stream's head through
// and hold its body. Clients that don't take event streams get the progress at once.
func (s *Server) handleEvents(w http.ResponseWriter, r *http.Request) error {
	request := s.pageRequest(r, r.PathValue("token"))
	l, err := s.byToken(r, request, s.limits.event)
	if err != nil {
		return err
	}
	if r.Method != http.MethodGet || !accepts(r, "text/event-stream") {
		if !s.exempt(s.clientIP(r)) {
			if err := s.limits.status.allow(subject(l, request)); err != nil {
				return err
			}
		}
		progress, err := s.progress(r.Context(), l, request)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, progress)
	}
	seen, err := seenEvent(r)
	if err != nil {
		return err
	}
	place, err := s.enterStream(r, subject(l, request))
	if err != nil {
		return err
	}
	st := &stream{Server: s, session: l.Session.ID, request: request, seen: seen}
	s.open.Add(1) // before its connection leaves those that a shutdown waits for
	run := func() {
		defer s.open.Done()
		defer s.leaveStream(place)
		st.run()
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if errors.Is(err, http.ErrNotSupported) { // HTTP/2 shares its connection
		st.line, st.head = newShared(w, r), streamBegin
		place.begin(func() { st.line.Close() })
		run()
		return nil
	}
	if err != nil {
		s.leaveStream(place)
		s.open.Done()
		return err
	}
	st.line, st.head = conn, streamHead
	place.begin(func() { conn.Close() })
	go run()
	return nil
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

// enterStream takes the stream's place under every bound; leaveStream gives it back.
func (s *Server) enterStream(r *http.Request, subject string) (*seat, error) {
	bounds := map[string]bound{"all": {most: maxEventConn}}
	if ip := s.clientIP(r); !s.exempt(ip) {
		bounds["ip "+ipKey(ip, 64)] = bound{most: maxPerIP}
		bounds["payer "+subject] = bound{most: maxPerPayer, replace: true}
	}
	place, err := s.limits.streams.enter(bounds)
	if err != nil {
		return nil, err
	}
	s.metrics.streams.Inc()
	return place, nil
}

func (s *Server) leaveStream(place *seat) {
	s.metrics.streams.Dec()
	place.leave()
}
