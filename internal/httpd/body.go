package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"morepay/internal/pay"
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

// readJSON decodes a body strictly: an unknown field, a wrong type or trailing
// data is invalid_request naming the field.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, into any) ([]byte, error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return nil, pay.Errorf(pay.CodeInvalid, "Content-Type", "must be application/json")
	}
	b, err := readBody(w, r, limit)
	if err != nil {
		return nil, err
	}
	return b, decodeJSON(b, into)
}

func decodeJSON(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return jsonError(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return pay.Errorf(pay.CodeInvalid, "", "there is something after the JSON value")
	}
	return nil
}

func jsonError(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return pay.Errorf(pay.CodeInvalid, t.Field, "must be %s, not %s", kindName(t.Type.Kind().String()), t.Value)
	}
	// encoding/json has no type for this one; the text is covered by a test.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return pay.Errorf(pay.CodeInvalid, strings.Trim(name, `"`), "is not a known field")
	}
	return pay.Errorf(pay.CodeInvalid, "", "the body is not valid JSON: %v", err)
}

func kindName(kind string) string {
	switch {
	case strings.HasPrefix(kind, "int"):
		return "a whole number"
	case kind == "struct" || kind == "map":
		return "an object"
	case kind == "slice":
		return "a list"
	}
	return fmt.Sprintf("a %s", kind)
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
	var form url.Values
	switch t {
	case "application/x-www-form-urlencoded":
		if form, err = url.ParseQuery(string(b)); err != nil {
			return nil, pay.Errorf(pay.CodeInvalid, "", "the form is malformed")
		}
	case "application/json":
		var fields map[string]string
		if err := decodeJSON(b, &fields); err != nil {
			return nil, err
		}
		form = url.Values{}
		for k, v := range fields {
			form.Set(k, v)
		}
	default:
		return nil, pay.Errorf(pay.CodeInvalid, "Content-Type", "must be a form or JSON")
	}
	for k, v := range form {
		if len(v) > 1 {
			return nil, pay.Errorf(pay.CodeInvalid, k, "is given twice")
		}
	}
	return form, nil
}
