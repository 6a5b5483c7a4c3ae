package console

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"morepay/internal/pay"
	"morepay/internal/scenario/record"
	"morepay/internal/trace"
)

// sessions lists the orders that were opened here, each with its trace.
func (c *Console) sessions(w http.ResponseWriter, _ *http.Request) error {
	return draw(w, http.StatusOK, "sessions.html", c.Sessions())
}

// lead takes the form with a session's id to its trace.
func (c *Console) lead(w http.ResponseWriter, r *http.Request) error {
	id := strings.TrimSpace(r.URL.Query().Get("session"))
	if id == "" {
		return pay.Errorf(pay.CodeInvalid, "session", "is missing")
	}
	http.Redirect(w, r, "/qa/trace/"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}

// asScenario is the format of a trace as a scenario that plays it again.
const asScenario = "scenario"

// trace answers with the story of a session. Its format may be one of [trace.Formats],
// or asScenario.
func (c *Console) trace(w http.ResponseWriter, r *http.Request) error {
	format := trace.Format(cmp.Or(r.URL.Query().Get("format"), "html"))
	if format != asScenario && !slices.Contains(trace.Formats(), format) {
		return pay.Errorf(pay.CodeInvalid, "format", "unknown format %q, known are %v and %s", format, trace.Formats(), asScenario)
	}
	t, err := c.Trace(r.Context(), r.PathValue("session"))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	media := format.Media()
	if format == asScenario {
		media, err = trace.Format("json").Media(), record.Of(t).Write(&b)
	} else {
		t.Scenario = "?format=" + asScenario
		err = t.Write(&b, format)
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	_, err = w.Write(b.Bytes())
	return err
}
