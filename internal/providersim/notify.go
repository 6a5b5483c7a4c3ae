package providersim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"time"
)

// answerWithin limits the time in which a merchant must answer a notification.
const answerWithin = 5 * time.Second

// overtakenWithin limits the time for which a message waits to be overtaken.
const overtakenWithin = 15 * time.Second

// message is one notification on its way to a merchant. What it says stays
// the same over all tries; its signature is made anew for each.
type message struct {
	id       string // what the receiver knows it by
	event    string
	account  string
	number   string // out_trade_no
	url      string
	request  func(now time.Time, how seal) (http.Header, []byte)
	accepted func(status int, answer []byte) bool
	schedule []time.Duration // pauses before the second, third, … try

	notice notice
	old    []byte // the first try, if it is in the XML of API v2
	faults []string
	tries  int
	first  chan struct{} // closed after the first try, or when there will be none
}

// notify makes the message about a change of an order and plans its delivery.
// What it returns is closed after the first try. The caller holds the lock.
func (s *Sim) notify(o *order, about news, write func(notice) *message) (notice, wait) {
	n, struck := s.strikeNotice(o, about)
	m := write(n)
	m.notice, m.faults, m.first = n, struck, make(chan struct{})
	m.account, m.number = o.account.id(), o.number
	if n.oldStyle {
		m.old = oldNotice(o)
	}
	s.dispatch(m)
	return n, m.first
}

// dispatch has a message delivered, held back or lost, as its notice says.
func (s *Sim) dispatch(m *message) {
	switch n := m.notice; {
	case n.lost || m.url == "":
		s.record.add(Exchange{
			Out: true, At: s.now(), Account: m.account, Number: m.number, Name: m.event, ID: m.id, Faults: m.faults,
			Problem: "not sent",
		})
		close(m.first)
	case n.overtaken:
		s.held[m.account] = append(s.held[m.account], m)
		s.at(s.now().Add(s.scaled(overtakenWithin)), func(context.Context) { s.release(m) })
	default:
		s.plan(m, s.now().Add(s.scaled(n.delay)))
	}
}

// plan puts the next try of a message into the jobs.
func (s *Sim) plan(m *message, at time.Time) {
	s.at(at, func(ctx context.Context) { s.deliver(ctx, m) })
}

// release lets a held message go, if it still is held.
func (s *Sim) release(m *message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.held[m.account]
	at := slices.Index(held, m)
	if at < 0 {
		return
	}
	s.held[m.account] = slices.Delete(held, at, at+1)
	s.plan(m, s.now())
}

// deliver makes one try, and plans the next if the merchant did not accept. The
// pause counts from the start of the try, not from its answer.
func (s *Sim) deliver(ctx context.Context, m *message) {
	m.tries++
	began := s.Now()
	accepted := s.post(ctx, m)
	if m.tries == 1 {
		for range m.notice.extra {
			s.post(ctx, m)
		}
		close(m.first)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, waiting := range s.held[m.account] {
		s.plan(waiting, s.now())
	}
	delete(s.held, m.account)
	if !accepted && m.tries <= len(m.schedule) {
		s.plan(m, began.Add(s.scaled(m.schedule[m.tries-1])))
	}
}

// post sends a message once and reports whether the merchant accepted it.
func (s *Sim) post(ctx context.Context, m *message) bool {
	now, how := s.options.Now(), genuine
	if m.tries == 1 {
		now = now.Add(-m.notice.age)
	}
	if m.tries == 1 || m.notice.seal.lasts() {
		how = m.notice.seal
	}
	header, body := m.request(now, how)
	if m.tries == 1 && m.old != nil {
		header, body = http.Header{"Content-Type": {"text/xml"}}, m.old
	}
	status, answer, err := s.send(ctx, m.url, header, body)
	e := Exchange{
		Out: true, At: s.Now(), Account: m.account, Number: m.number, Name: m.event, ID: m.id,
		URL: m.url, Try: m.tries, Status: status, Faults: m.faults,
	}
	if err != nil {
		e.Problem = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.add(e)
	return err == nil && m.accepted(status, answer)
}

func (s *Sim) send(ctx context.Context, url string, header http.Header, body []byte) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header = header
	res, err := s.options.Client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, 4<<10))
	return res.StatusCode, answer, err
}
