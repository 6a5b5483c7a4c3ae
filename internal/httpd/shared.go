package httpd

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"
)

// shared is the line of a stream that shares its connection with other requests, as in
// HTTP/2: an answer that goes on until somebody has enough.
type shared struct {
	answer  http.ResponseWriter
	control *http.ResponseController
	ended   context.Context // the client has left, or Close was called
	end     context.CancelFunc
	by      time.Time // deadline of the next write
}

// newShared begins an answer that is a stream.
func newShared(w http.ResponseWriter, r *http.Request) *shared {
	for _, header := range streamHeaders {
		name, value, _ := strings.Cut(header, ": ")
		w.Header().Set(name, value)
	}
	ended, end := context.WithCancel(r.Context())
	return &shared{answer: w, control: http.NewResponseController(w), ended: ended, end: end}
}

// Read waits for the end.
func (s *shared) Read([]byte) (int, error) {
	<-s.ended.Done()
	return 0, io.EOF
}

// Write sends what it is given at once. Between two writes there is no deadline: one that
// passes ends the answer here, whether something is being written or not.
func (s *shared) Write(p []byte) (int, error) {
	if err := s.control.SetWriteDeadline(s.by); err != nil {
		return 0, err
	}
	n, err := s.answer.Write(p)
	if err == nil {
		err = s.control.Flush()
	}
	if err == nil {
		err = s.control.SetWriteDeadline(time.Time{})
	}
	return n, err
}

// Close ends the stream; the answer ends with its handler.
func (s *shared) Close() error { s.end(); return nil }

// SetReadDeadline does nothing: nothing is read.
func (s *shared) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is for the next write.
func (s *shared) SetWriteDeadline(by time.Time) error { s.by = by; return nil }
