package httpd

import (
	"net/http"
)

// notify takes a provider's message and answers in the provider's own dialect:
// "received" only when what it says is durable.
func (s *Server) notify(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r, maxNotifyBody)
	if err != nil {
		return err
	}
	providerID, account := r.PathValue("provider"), r.PathValue("account")
	if err := s.service.Notify(r.Context(), providerID, account, r.Header, body); err != nil {
		return err
	}
	return s.acknowledge(w, r, nil)
}

// failNotify tells a provider to send its message again, with the status that
// says why.
func (s *Server) failNotify(w http.ResponseWriter, r *http.Request, err error) {
	s.acknowledge(w, r, err)
}

func (s *Server) acknowledge(w http.ResponseWriter, r *http.Request, problem error) error {
	ack, ok := s.service.Acknowledge(r.PathValue("provider"), r.PathValue("account"), problem == nil)
	if !ok {
		failJSON(w, r, problem)
		return nil
	}
	status := ack.Status
	if problem != nil {
		status = statusOf(problem)
	}
	if ack.ContentType != "" {
		w.Header().Set("Content-Type", ack.ContentType)
	}
	w.WriteHeader(status)
	_, err := w.Write(ack.Body)
	return err
}
