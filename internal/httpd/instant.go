package httpd

import (
	"net/http"

	"morepay/internal/checkout"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/web"
)

// instantMethod returns the method whose code the page is to come with, though nobody
// has chosen it, once a person sees it; "" for an ordinary page. An attempt costs the
// merchant a call, so it is begun only for who looks at the page, and once a session.
func instantMethod(r *http.Request, l *pay.Ledger, d drawn) pay.Method {
	if len(l.Attempts) > 0 || !asksForList(r, d.request) || !isShown(r, d) {
		return ""
	}
	return page.InstantMethod(d.view)
}

// asksForList reports whether a request is for a session's page as it first is, by a
// browser on a desktop that is known.
func asksForList(r *http.Request, request page.Request) bool {
	return r.Method == http.MethodGet && !accepts(r, "application/json") && request.Device.DesktopBrowser() &&
		!request.Choose && !request.Asked && request.ReturnedAt.IsZero() && request.PageQR == ""
}

// isShown reports whether a browser says that it loads the page to show it, in a window
// or in a frame of the merchant's.
func isShown(r *http.Request, d drawn) bool {
	for _, ahead := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} { // prefetch, prerender, preview
		if r.Header.Get(ahead) != "" {
			return false
		}
	}
	return r.Header.Get("Sec-Fetch-Dest") == "document" || framed(r) && d.view.Parent != ""
}

func framed(r *http.Request) bool { return r.Header.Get("Sec-Fetch-Dest") == "iframe" }

// writeInstant answers with a page in two parts: the list at once, and the code of m
// when its provider has answered. If that takes longer than a payer waits, or comes to
// nothing, the page is the ordinary list.
func (s *Server) writeInstant(w http.ResponseWriter, r *http.Request, l *pay.Ledger, d drawn, m pay.Method) error {
	start, err := page.InstantStart(d.view, d.request, s.scripts, m)
	if err != nil {
		return err
	}
	s.drawnHeaders(w, d)
	out, coding := web.NewStream(r.Header.Get("Accept-Encoding"), w)
	defer out.Close()
	if coding != "identity" {
		w.Header().Set("Content-Encoding", coding)
	}
	w.Header().Set("X-Accel-Buffering", "no") // or nginx keeps the first part
	w.WriteHeader(http.StatusOK)
	if err := sendPart(w, out, start); err != nil {
		return err
	}
	latest, failure := s.beginInstant(r, l, d.request, m)
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	v, err := page.Make(latest, d.facts, d.request, d.links, d.at)
	if err != nil {
		return err
	}
	rest, err := page.InstantRest(v, d.view, d.request, s.scripts, m)
	if err != nil {
		return err
	}
	if err := sendPart(w, out, rest); err != nil {
		return err
	}
	return failure
}

// beginInstant makes the attempt and returns the ledger as it is then, whatever came of
// it.
func (s *Server) beginInstant(r *http.Request, l *pay.Ledger, request page.Request, m pay.Method) (*pay.Ledger, error) {
	done, failure := s.makeAttempt(r, request, l.Session.ID, checkout.AttemptRequest{
		Method: m, Rail: pay.RailQR, Device: request.Device, PayerIP: s.clientIP(r),
		ReturnURL: s.returnURL(request), FormPage: s.formPage(request), First: true,
	})
	if failure == nil {
		return done.Ledger, nil
	}
	if latest, err := s.ledger(r.Context(), request); err == nil {
		return latest, failure
	}
	return l, failure
}

// sendPart writes a part of a page through its compressor to the client.
func sendPart(w http.ResponseWriter, out web.Stream, part []byte) error {
	if _, err := out.Write(part); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}
