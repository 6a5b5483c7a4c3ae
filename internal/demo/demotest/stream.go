package demotest

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

// Stream is the open event stream of a session's page.
type Stream struct{ lines *bufio.Scanner }

// Events opens a stream, which ends with the test.
func (s *Demo) Events(t *testing.T, of Session) Stream {
	t.Helper()
	resp, err := s.Client.Do(Request(t, http.MethodGet, of.URL+"/events", "", "Accept", "text/event-stream"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("no stream: status %d", resp.StatusCode)
	}
	return Stream{bufio.NewScanner(resp.Body)}
}

// Next returns the data of the next event that brings news.
func (s Stream) Next(t *testing.T) string {
	t.Helper()
	return s.NextOf(t, "live")
}

// NextOf returns the data of the next event of a name.
func (s Stream) NextOf(t *testing.T, name string) string {
	t.Helper()
	event := ""
	for s.lines.Scan() {
		field, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch {
		case field == "event":
			event = value
		case field == "data" && event == name:
			return value
		}
	}
	t.Fatalf("the stream ended: %v", s.lines.Err())
	return ""
}

// End reads until the server ends the stream, and fails if it cuts it off.
func (s Stream) End() error {
	for s.lines.Scan() {
	}
	return s.lines.Err()
}

// UntilPaid does what pays a session, and waits until its page is told.
func (s *Demo) UntilPaid(t *testing.T, of Session, approve func()) {
	t.Helper()
	events := s.Events(t, of)
	approve()
	for !strings.Contains(events.Next(t), `"state":"paid"`) {
	}
}
