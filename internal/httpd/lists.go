package httpd

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

// parameters reads a query that has no parameters but some, each once at most: one
// that is mistyped would otherwise look as if it had been obeyed.
func parameters(u *url.URL, known ...string) (url.Values, error) {
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, pay.Errorf(pay.CodeInvalid, "", "the query is malformed")
	}
	for name, values := range q {
		if len(known) == 0 {
			return nil, pay.Errorf(pay.CodeInvalid, strictjson.Join("", name), "there is no such parameter; this call takes none")
		}
		if !slices.Contains(known, name) {
			return nil, pay.Errorf(pay.CodeInvalid, strictjson.Join("", name), "there is no such parameter; known are %v", known)
		}
		if len(values) > 1 {
			return nil, pay.Errorf(pay.CodeInvalid, name, "is given twice")
		}
		if !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0) {
			return nil, pay.Errorf(pay.CodeInvalid, name, "must be UTF-8 without the character NUL")
		}
	}
	return q, nil
}

// listQuery is the query of a list of what a merchant has made, the newest first.
type listQuery struct {
	url.Values
	from, until time.Time // made at or after, and before; zero for no bound
	after       checkout.Place
	limit       int
}

// readList reads the query of a list with some parameters of its own, beside those that
// every list has.
func readList(u *url.URL, own ...string) (q listQuery, err error) {
	if q.Values, err = parameters(u, append(own, "created[gte]", "created[lt]", "after", "limit")...); err != nil {
		return q, err
	}
	if q.from, q.until, err = createdRange(q.Values); err != nil {
		return q, err
	}
	if q.after, err = checkout.ParsePlace(q.Get("after")); err != nil {
		return q, err
	}
	q.limit, err = limitOf(q.Get("limit"))
	return q, err
}

// bare has a handler refuse every parameter.
func bare(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, err := parameters(r.URL); err != nil {
			return err
		}
		return h(w, r)
	}
}

// limitOf reads how many rows a caller wants.
func limitOf(text string) (int, error) {
	if text == "" {
		return checkout.MaxListed, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > checkout.MaxListed {
		return 0, pay.Errorf(pay.CodeInvalid, "limit", "must be from 1 to %d", checkout.MaxListed)
	}
	return n, nil
}

// oneOf reads a parameter that is one of a closed list, or absent.
func oneOf[T ~string](q url.Values, name string, list []T) (T, error) {
	value := T(q.Get(name))
	if value != "" && !slices.Contains(list, value) {
		return "", pay.Errorf(pay.CodeInvalid, name, "must be one of %v", list)
	}
	return value, nil
}

// createdRange reads from when and until when what is listed was made; zero times for
// no bound.
func createdRange(q url.Values) (from, until time.Time, err error) {
	for name, into := range map[string]*time.Time{"created[gte]": &from, "created[lt]": &until} {
		if q.Get(name) == "" {
			continue
		}
		if *into, err = time.Parse(time.RFC3339, q.Get(name)); err != nil {
			return from, until, pay.Errorf(pay.CodeInvalid, name, "must be a time such as 2026-11-28T09:30:00Z")
		}
	}
	return from, until, nil
}

// writeList answers with a part of a list. next, where the list goes on, is told only if
// there is more.
func writeList[T any](w http.ResponseWriter, name string, list []T, more bool, next string) error {
	body := map[string]any{name: list, "has_more": more}
	if more {
		body["next"] = next
	}
	return writeJSON(w, http.StatusOK, body)
}
