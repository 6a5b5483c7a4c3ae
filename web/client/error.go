package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Error is a refusal by the server.
type Error struct {
	Status     int           // of HTTP
	Code       string        // such as invalid_request; take an unknown one by its status
	Message    string        // for developers
	Field      string        // that is at fault, or ""
	Session    string        // id of the session that stands in the way, or ""
	Mistakes   []Mistake     // all of them, if there are several
	RequestID  string        // for whoever runs the server
	RetryAfter time.Duration // 0 if the server does not say
}

// Mistake is one of several in a request.
type Mistake struct {
	Field   string `json:"field,omitempty"`
	Line    int64  `json:"line,omitempty"`
	Message string `json:"message"`
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, e.Code)
	if e.Field != "" {
		text += " (" + e.Field + ")"
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text + ", request " + e.RequestID
}

// refusal is the JSON of an error.
type refusal struct {
	Error refusalBody `json:"error"`
}

type refusalBody struct {
	Code      string    `json:"code"`
	Message   string    `json:"message"`
	Field     string    `json:"field,omitempty"`
	Session   string    `json:"session,omitempty"`
	Errors    []Mistake `json:"errors,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
}

// errorOf reads an answer that is no success. A proxy's, which is no JSON, has no code.
func errorOf(resp *http.Response, body []byte) *Error {
	var said refusal
	_ = json.Unmarshal(body, &said) // then nothing is said
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	e := &Error{
		Status: resp.StatusCode, Code: said.Error.Code, Message: said.Error.Message, Field: said.Error.Field, Session: said.Error.Session,
		Mistakes: said.Error.Errors, RequestID: resp.Header.Get("Request-Id"), RetryAfter: time.Duration(max(0, seconds)) * time.Second,
	}
	return e
}

// again reports whether the same request may succeed later.
func (e *Error) again() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
