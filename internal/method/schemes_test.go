package method_test

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"morepay/internal/marked"
	"morepay/internal/method"
)

var update = flag.Bool("update", false, "rewrite what is written from the table")

const webviews = "../../docs/webviews.md"

// TestSchemes holds docs/webviews.md to the schemes of the methods: its table, and
// every list in its code, from which people copy.
func TestSchemes(t *testing.T) {
	table := marked.Row("method", "schemes") + "|---|---|\n"
	var all []string
	for _, id := range method.IDs() {
		names := method.Schemes(id)
		if len(names) == 0 {
			continue // its page opens no app, or nobody knows by which scheme
		}
		table += marked.Row("`"+string(id)+"`", "`"+strings.Join(names, "`, `")+"`")
		all = append(all, names...)
	}
	marked.Hold(t, webviews, map[string]string{"schemes": table}, *update)

	text, err := os.ReadFile(webviews)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	blocks = slices.DeleteFunc(blocks, func(block []string) bool { return !strings.Contains(block[2], "weixin") }) // about something else
	lists := regexp.MustCompile(`(?s)["'(>]weixin.*?openapp\\*\.jdmobile`)
	for _, block := range blocks {
		t.Run(block[1], func(t *testing.T) {
			list := lists.FindString(block[2])
			got := regexp.MustCompile(`[a-z][a-z0-9]+(\\*\.[a-z]+)?`).FindAllString(strings.ReplaceAll(list, "string", ""), -1)
			for i, name := range got {
				got[i] = strings.ReplaceAll(name, `\`, "")
			}
			if !slices.Equal(got, all) {
				t.Errorf("the code opens %q, want %q", got, all)
			}
		})
	}
	if len(blocks) < 7 {
		t.Errorf("there are %d pieces of code with a list", len(blocks))
	}
}
