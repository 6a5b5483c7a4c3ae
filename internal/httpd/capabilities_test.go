package httpd

import (
	"testing"
)

func TestEtagMatches(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `"b", "a"`: true, `*`: true, `"b"`: false, ``: false, `a`: false,
	} {
		if etagMatches(header, `"a"`) != want {
			t.Errorf("%s: want %v", header, want)
		}
	}
}
