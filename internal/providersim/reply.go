package providersim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// reply is what an API call is answered.
type reply struct {
	status      int
	contentType string
	header      http.Header // besides the content type
	body        []byte
	cut         bool // the connection ends instead
	wait        wait // what must happen first
}

// hold waits for what must happen before the reply, but not for ever.
func (p reply) hold(r *http.Request) {
	if p.wait == nil {
		return
	}
	select {
	case <-p.wait:
	case <-time.After(answerWithin):
	case <-r.Context().Done():
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

// seen is the status that the caller gets to see; 0 if there is none.
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
