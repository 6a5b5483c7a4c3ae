package trace

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"text/tabwriter"
	"time"

	"morepay/internal/pay"
)

// Format is a way to write a trace.
type Format string

// formats is the table of formats.
var formats = []struct {
	id    Format
	media string
	write func(io.Writer, *Trace) error
}{
	{"text", "text/plain; charset=utf-8", writeText},
	{"json", "application/json", writeJSON},
	{"html", "text/html; charset=utf-8", writeHTML},
}

// Formats lists the formats; the first is the default.
func Formats() []Format {
	list := make([]Format, len(formats))
	for i, f := range formats {
		list[i] = f.id
	}
	return list
}

// Media returns the media type of a format; "" for none of [Formats].
func (f Format) Media() string {
	for _, known := range formats {
		if known.id == f {
			return known.media
		}
	}
	return ""
}

// Write writes a trace. HTML is one file that needs no other. Fails with *pay.Error
// invalid_request for a format that is not in Formats, else with the error of w.
func (t *Trace) Write(w io.Writer, format Format) error {
	for _, f := range formats {
		if f.id == format {
			return f.write(w, t)
		}
	}
	return pay.Errorf(pay.CodeInvalid, "format", "unknown format %q, known are %v", format, Formats())
}

func writeJSON(w io.Writer, t *Trace) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(t)
}

func writeText(w io.Writer, t *Trace) error {
	s := &t.Session
	fmt.Fprintf(w, "%s of merchant %s: %s, %s, order %q\n", s.ID, s.Merchant, s.Status, s.Amount, s.Reference)
	fmt.Fprintf(w, "created %s, expires %s, document %d\n", stamp(s.CreatedAt), stamp(s.ExpiresAt), s.DocumentVersion)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range t.Attempts {
		fmt.Fprintf(table, "\n%s\t%s\t%s\t%s/%s\t%s\t%s\tsends %d\tchecks %d\t%s", a.ID, a.Method, a.Rail, a.Provider, a.Account, a.OutTradeNo, a.State, a.Sends, a.Checks, a.notes())
	}
	for _, r := range t.Refunds {
		fmt.Fprintf(table, "\n%s\t%s\t%s\tof %s\t%s\t%s\ttries %d\t%s", r.ID, r.Amount, r.Origin, r.AttemptID, r.Number, r.Status, r.Tries, r.Failure)
	}
	fmt.Fprintln(table)
	for _, e := range t.Entries {
		fmt.Fprintf(table, "\n%s\t%s\t%s\t%s\t%s\t%s", stamp(e.At), t.since(e), e.Kind, e.What, e.About, e.More)
	}
	fmt.Fprintln(table)
	return table.Flush()
}

func (a *Attempt) notes() string {
	switch {
	case a.Friend && a.Abandoned:
		return "a friend's, abandoned"
	case a.Friend:
		return "a friend's"
	case a.Abandoned:
		return "abandoned"
	}
	return ""
}

// since returns the time from the session's beginning to an entry.
func (t *Trace) since(e Entry) string {
	return fmt.Sprintf("%+.3fs", e.At.Sub(t.Session.CreatedAt).Seconds())
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

//go:embed trace.html
var files embed.FS

var page = template.Must(template.New("trace.html").Option("missingkey=error").Funcs(template.FuncMap{
	"stamp": stamp,
	"since": (*Trace).since,
	"notes": func(a Attempt) string { return a.notes() },
}).ParseFS(files, "trace.html"))

func writeHTML(w io.Writer, t *Trace) error { return page.Execute(w, t) }
