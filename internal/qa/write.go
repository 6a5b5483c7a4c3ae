package qa

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"morepay/internal/capability"
	"morepay/internal/pay"
)

// Format is a way to write a matrix. Each has one line a cell, which Check
// relies on.
type Format string

// formats is the table of formats.
var formats = []struct {
	id    Format
	write func(io.Writer, []Cell) error
}{
	{"table", writeTable},
	{"csv", writeCSV},
	{"json", writeJSON},
	{"md", writeMarkdown},
}

// Formats lists the formats; the first is the default.
func Formats() []Format {
	list := make([]Format, len(formats))
	for i, f := range formats {
		list[i] = f.id
	}
	return list
}

// Write writes cells in a format. Fails with *pay.Error invalid_request for a
// format that is not in Formats, else with the error of w.
func Write(w io.Writer, format Format, cells []Cell) error {
	for _, f := range formats {
		if f.id == format {
			return f.write(w, cells)
		}
	}
	return pay.Errorf(pay.CodeInvalid, "format", "unknown format %q, known are %v", format, Formats())
}

var columns = []string{"merchant", "device", "method", "group", "rank", "ladder", "reasons"}

// fields returns a cell's text for each column.
func (c Cell) fields() []string {
	return []string{c.Merchant, string(c.Device), string(c.Method), string(c.Group), strconv.Itoa(c.Rank), c.rails(), c.reasons()}
}

// Outcome says in one text what became of a cell: its rails, or its reasons.
func (c Cell) Outcome() string { return cmp.Or(c.rails(), c.reasons()) }

func (c Cell) rails() string {
	words := make([]string, len(c.Ladder))
	for i, r := range c.Ladder {
		words[i] = string(r)
	}
	return strings.Join(words, " > ")
}

func (c Cell) reasons() string {
	var words []string
	for _, r := range c.Reasons {
		words = append(words, withFacts(r.Code, facts(r)))
	}
	for _, l := range c.Learnt {
		about := fmt.Sprintf("%s, learnt %s", l.Rail, clock(l.At))
		words = append(words, withFacts(capability.ReasonRailNotGranted, about))
	}
	return strings.Join(words, ", ")
}

func withFacts(code capability.ReasonCode, about string) string {
	if about == "" {
		return string(code)
	}
	return fmt.Sprintf("%s(%s)", code, about)
}

// facts returns the details of a reason beyond its code, in few words.
func facts(r capability.Reason) string {
	var words []string
	if r.Limit != (pay.Money{}) {
		words = append(words, r.Limit.String())
	}
	if !r.At.IsZero() {
		words = append(words, r.At.Format(time.RFC3339))
	}
	for _, s := range []string{r.Item, string(r.Host), r.Version} {
		if s != "" {
			words = append(words, s)
		}
	}
	return strings.Join(words, " ")
}

func writeTable(w io.Writer, cells []Cell) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ToUpper(strings.Join(columns, "\t")))
	for _, c := range cells {
		fields := c.fields()
		for i := range fields {
			fields[i] = cmp.Or(fields[i], "-")
		}
		fmt.Fprintln(t, strings.Join(fields, "\t"))
	}
	return t.Flush()
}

func writeCSV(w io.Writer, cells []Cell) error {
	c := csv.NewWriter(w)
	if err := c.Write(columns); err != nil {
		return err
	}
	for _, cell := range cells {
		if err := c.Write(cell.fields()); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// writeJSON writes an array with one cell a line.
func writeJSON(w io.Writer, cells []Cell) error {
	b := bufio.NewWriter(w)
	before := "[\n"
	for _, c := range cells {
		line, err := json.Marshal(c)
		if err != nil {
			return err
		}
		b.WriteString(before)
		b.Write(line)
		before = ",\n"
	}
	if len(cells) == 0 {
		b.WriteString("[")
	}
	b.WriteString("\n]\n")
	return b.Flush()
}

func writeMarkdown(w io.Writer, cells []Cell) error {
	b := bufio.NewWriter(w)
	row := func(fields []string) {
		b.WriteString("| " + strings.Join(fields, " | ") + " |\n")
	}
	row(columns)
	row(strings.Split(strings.Repeat("---,", len(columns)-1)+"---", ","))
	for _, c := range cells {
		fields := c.fields()
		for i := range fields {
			fields[i] = strings.NewReplacer("|", `\|`, "\n", " ").Replace(fields[i])
		}
		row(fields)
	}
	return b.Flush()
}
