package httpd

import (
	"context"
	"net/http"
	"time"

	"morepay/internal/pay"
)

// notifyWithin bounds the time that storing a message may take: providers hang up
// after four seconds or five, and must hear "send it again" before that.
const notifyWithin = 3500 * time.Millisecond

var errNotifySlow = pay.Errorf(pay.CodeStoreDown, "", "the message could not be stored in time")

// handleNotify takes a provider's message and answers in the provider's own dialect:
// "received" only when what it says is durable.
func (s *Server) handleNotify(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r, maxNotifyBody)
	if err != nil {
		return err
	}
	providerID, account := r.PathValue("provider"), r.PathValue("account")
	ctx, cancel := context.WithTimeoutCause(r.Context(), notifyWithin, errNotifySlow)
	defer cancel()
	if err := s.service.Notify(ctx, providerID, account, r.Header, body); err != nil {
		return err
	}
	return s.acknowledge(w, r, nil)
}

// failNotify tells a provider to send its message again, with the status that
// says why.
func (s *Server) failNotify(w http.ResponseWriter, r *http.Request, err error) {
	_ = s.acknowledge(w, r, err) // it fails only where the client has left
}

func (s *Server) acknowledge(w http.ResponseWriter, r *http.Request, problem error) error {
	ack, ok := s.accounts.Acknowledge(r.PathValue("provider"), r.PathValue("account"), problem == nil)
	if !ok {
		failJSON(w, r, problem)
		return nil
	}
	status := ack.Status
	if problem != nil {
		status = StatusOf(problem)
	}
	if ack.ContentType != "" {
		w.Header().Set("Content-Type", ack.ContentType)
	}
	w.WriteHeader(status)
	_, err := w.Write(ack.Body)
	return err
}
