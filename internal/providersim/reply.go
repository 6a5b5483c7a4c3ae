package providersim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// reply is the answer to an API call.
type reply struct {
	status      int
	contentType string
	header      http.Header // besides the content type
	body        []byte
	cut         bool // the connection ends instead
}

// delays are the reasons for which a reply is held back.
type delays struct {
	until wait          // something that must happen first, if it does in time
	least time.Duration // however soon the reply is there
}

// pass waits, but no longer than somebody does for the reply.
func (d delays) pass(caller, sim context.Context) {
	late, inTime := time.After(d.least), time.After(answerWithin)
	if d.until != nil {
		select {
		case <-d.until:
		case <-inTime:
		case <-caller.Done():
		case <-sim.Done():
		}
	}
	select {
	case <-late:
	case <-caller.Done():
	case <-sim.Done():
	}
}

// write sends the reply, or cuts the connection.
func (p reply) write(w http.ResponseWriter) {
	if p.cut {
		panic(http.ErrAbortHandler) // net/http's own way to drop a connection
	}
	for name, values := range p.header {
		w.Header()[name] = values
	}
	if p.contentType != "" {
		w.Header().Set("Content-Type", p.contentType)
	}
	w.WriteHeader(p.status)
	w.Write(p.body)
}

// dated puts a Date into the reply.
func (p *reply) dated(t time.Time) {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set("Date", t.UTC().Format(http.TimeFormat))
}

// seen returns the status that the caller gets to see; 0 if there is none.
func (p reply) seen() int {
	if p.cut {
		return 0
	}
	return p.status
}

// plainJSON encodes as the companies do: <, > and & stay themselves.
func plainJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("providersim: %T can't be encoded: %v", v, err))
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
