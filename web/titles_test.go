package web_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"morepay/internal/locale"
)

// TestLinkSpeaksEveryLanguage: the link that stands where the checkout can't be shown is
// written in every language of the checkout.
func TestLinkSpeaksEveryLanguage(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("embed.js")
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(`(?s)const LINK = \{(.*?)\n  \};`).FindSubmatch(source)
	if table == nil {
		t.Fatal("there is no table of texts")
	}
	texts := map[string]string{}
	for _, m := range regexp.MustCompile(`"?([a-z-]+)"?: "([^"]+)"`).FindAllSubmatch(table[1], -1) {
		texts[string(m[1])] = string(m[2])
	}
	for _, tag := range locale.Tags() {
		base, _ := language.MustParse(tag).Base()
		if texts[base.String()] == "" {
			t.Errorf("%s: there is no text", tag)
		}
		if region := strings.TrimPrefix(tag, "zh-"); (region == "TW" || region == "HK") && texts["zh-tw"] == texts["zh"] {
			t.Errorf("%s: the text is in simplified characters", tag)
		}
	}
}
