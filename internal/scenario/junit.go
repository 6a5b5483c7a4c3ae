package scenario

import (
	"encoding/xml"
	"fmt"
	"io"
)

// WriteJUnit writes results as the XML that build servers read: one suite, a case a
// scenario, its group as the class.
func WriteJUnit(w io.Writer, results []Result) error {
	suite := junitSuite{Name: "morepay scenarios", Tests: len(results)}
	for _, r := range results {
		c := junitCase{Class: r.Group, Name: r.Name, Seconds: fmt.Sprintf("%.3f", r.Took.Seconds()), Out: r.About()}
		if r.Err != nil {
			suite.Failures++
			c.Failure = &junitFailure{r.Err.Error()}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Seconds string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Out     string        `xml:"system-out"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
}

// About says what was played and what of it was judged.
func (r Result) About() string {
	judged := "screen and ledger judged"
	if !r.Screen {
		judged = "only the ledger judged"
	}
	return fmt.Sprintf("%s (%s, session %s)", r.Says, judged, r.Session)
}
