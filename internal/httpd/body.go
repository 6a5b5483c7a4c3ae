package httpd

import (
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"

	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

// The largest bodies, in bytes.
const (
	maxNotifyBody = 64 << 10
	maxAPIBody    = 32 << 10
	maxFormBody   = 8 << 10
)

// readBody reads a whole body. Longer than limit is body_too_large; one that
// ends before its Content-Length is body_incomplete, so that half a message is
// never acted on (net/http alone would let a handler answer 200 to it).
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, pay.Errorf(pay.CodeBodyTooLarge, "", "the body is longer than %d bytes", limit)
	}
	if err != nil {
		return nil, pay.Wrap(pay.CodeBodyIncomplete, err, "the body ended early")
	}
	return b, nil
}

// readJSON decodes a body strictly, see strictjson, and returns its bytes.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, into any) ([]byte, error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return nil, pay.Errorf(pay.CodeInvalid, "Content-Type", "must be application/json")
	}
	b, err := readBody(w, r, limit)
	if err != nil {
		return nil, err
	}
	return b, invalid(strictjson.Decode(b, into, int(limit)))
}

// invalid makes what is wrong with the caller's JSON an invalid_request that
// names the first field at fault. Of several, failJSON lists all.
func invalid(err error) error {
	problems, ok := errors.AsType[strictjson.Problems](err)
	if !ok {
		return err
	}
	field, message := problems.Summary()
	e := pay.Errorf(pay.CodeInvalid, field, "%s", message)
	if len(problems) > 1 {
		e.Err = problems
	}
	return e
}

// readForm reads a form or JSON object of strings. The same field twice is
// invalid_request.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	b, err := readBody(w, r, maxFormBody)
	if err != nil {
		return nil, err
	}
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, pay.Errorf(pay.CodeInvalid, "Content-Type", "is missing or malformed")
	}
	switch t {
	case "application/x-www-form-urlencoded":
		return decodeForm(b)
	case "application/json":
		return decodeJSONForm(b)
	}
	return nil, pay.Errorf(pay.CodeInvalid, "Content-Type", "must be a form or JSON")
}

func decodeForm(b []byte) (url.Values, error) {
	form, err := url.ParseQuery(string(b))
	if err != nil {
		return nil, pay.Errorf(pay.CodeInvalid, "", "the form is malformed")
	}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if len(form[name]) > 1 {
			return nil, pay.Errorf(pay.CodeInvalid, strictjson.Join("", name), "is given twice")
		}
	}
	return form, nil
}

func decodeJSONForm(b []byte) (url.Values, error) {
	var fields map[string]string
	if err := strictjson.Decode(b, &fields, maxFormBody); err != nil {
		return nil, invalid(err)
	}
	form := url.Values{}
	for name, value := range fields {
		form.Set(name, value)
	}
	return form, nil
}
