package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/e2e/browsertest"
)

var examplePage = regexp.MustCompile("(?s)```html\n(.*?)```")

// The page that docs/embed.md gives to be copied works as it stands.
func TestEmbedExampleInDocs(t *testing.T) {
	doc, err := os.ReadFile("../docs/embed.md")
	if err != nil {
		t.Fatal(err)
	}
	example := examplePage.FindSubmatch(doc)
	if example == nil {
		t.Fatal("docs/embed.md has no page in it")
	}
	c := serveCheckout(t)
	page := strings.NewReplacer("https://pay.example", c.URL, "TOKEN", token).Replace(string(example[1]))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/" {
			io.WriteString(w, page)
			return
		}
		fmt.Fprintf(w, `<!doctype html><link rel="icon" href="data:,"><title>%s</title>`, r.URL.Path)
	}))
	t.Cleanup(server.Close)

	tab := browsertest.Start(t).Open(t)
	tab.Go(strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
	frame := tab.Frame(c.URL)
	frame.Wait(`document.getElementById("checkout").dataset.state === "select"`)
	c.set(func(c *checkout) { c.state = "paid" })
	frame.Eval(`location.reload()`, nil)
	tab.Wait(`document.title === "/orders/1001"`)
}
