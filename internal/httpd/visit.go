package httpd

import (
	"net/http"

	"morepay/internal/capability"
	"morepay/internal/funnel"
	"morepay/internal/pay"
)

// saw keeps what a payer's page showed, if it offered anything to choose from: no page
// that a browser loads ahead of its payer, or that a program asks for, counts.
func (s *Server) saw(r *http.Request, l *pay.Ledger, d drawn) {
	ahead := r.Header.Get("Sec-Purpose") != "" || r.Header.Get("Purpose") == "prefetch"
	if ahead || r.Method != http.MethodGet || d.request.Friend || accepts(r, "application/json") || l.StatusAt(d.at) != pay.SessionOpen {
		return
	}
	v := d.view
	s.visits.Add(funnel.Saw(l.Session.ID, v.Device, capability.Decide(v.Document, v.Order, v.Device, d.at), d.at))
}
