package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"strings"
)

var errNotFound = errors.New("there is no such order")

// strict is the strictest policy that the checkout works under, with the origin
// of its server in place of CHECKOUT. The page may be isolated, too.
const strict = "default-src 'none'; script-src 'self' CHECKOUT; frame-src CHECKOUT; connect-src 'self'; style-src 'self'; form-action 'self'; img-src data:; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// render answers with a page. It holds a token, so nobody may keep it.
func (s *shop) render(w http.ResponseWriter, name string, data any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		fail(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	if s.Strict {
		h.Set("Content-Security-Policy", strings.ReplaceAll(strict, "CHECKOUT", s.Checkout))
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	write(w, page.Bytes())
}

// answer answers with JSON.
func answer(w http.ResponseWriter, status int, value any, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	body, err := json.Marshal(value)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	write(w, body)
}

// fail tells the log what went wrong, and the payer that something did.
func fail(w http.ResponseWriter, err error) {
	if errors.Is(err, errNotFound) {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	log.Print(err)
	http.Error(w, "The order could not be made. Please try again.", http.StatusBadGateway)
}

func write(w http.ResponseWriter, body []byte) {
	if _, err := w.Write(body); err != nil {
		log.Print(err) // the browser has gone
	}
}
