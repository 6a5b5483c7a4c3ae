package device_test

import (
	"os"
	"strings"
	"testing"

	"morepay/internal/device"
)

// corpus is a collection of foreign user agents that is kept elsewhere; the rows of the
// tables have samples of their own.
const corpus = "../../../shared/cases/devices.tsv"

// TestCorpus holds the tables to user agents that nobody here has written. A column with
// * is not judged; with touch=5 the row is about what the browser's hints add.
func TestCorpus(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(corpus)
	if err != nil {
		t.Skip("the collection is not here")
	}
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(cells) < 6 || cells[0] == "ua" {
			continue
		}
		d := device.Detect(cells[0])
		if strings.Contains(cells[5], "touch=5") {
			d = d.Refine(device.Hints{TouchPoints: 5})
		}
		for i, got := range []string{string(d.Container), string(d.OS), string(d.Form), string(d.Host)} {
			if want := cells[i+1]; want != "*" && want != got {
				t.Errorf("%s is %q, want %q (%s): %s", []string{"container", "os", "form", "host"}[i], got, want, cells[5], cells[0])
			}
		}
	}
}
