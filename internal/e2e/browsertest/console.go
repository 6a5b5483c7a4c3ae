package browsertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
)

// Console collects what a page and the browser complain of.
type Console struct {
	mu      sync.Mutex
	lines   []string
	allowed []string
}

// await makes Evaluate wait for a promise.
func await(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// hear takes the events of a target; it must not block.
func (c *Console) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		c.Add("exception: " + e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError {
			c.Add("error: " + describe(e.Args))
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.LevelError {
			c.Add(fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	}
}

// describe writes what console.error was given, about as the console shows it.
func describe(args []*runtime.RemoteObject) string {
	var parts []string
	for _, arg := range args {
		var text string
		switch {
		case arg.Description != "":
			text = arg.Description
		case json.Unmarshal([]byte(arg.Value), &text) != nil:
			text = string(arg.Value)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

// Add takes a complaint down.
func (c *Console) Add(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(c.allowed, func(text string) bool { return strings.Contains(line, text) }) {
		return
	}
	c.lines = append(c.lines, line)
}

// Allow leaves out what has text in it from now on.
func (c *Console) Allow(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.allowed = append(c.allowed, text)
}

// Take removes the first line that has text in it.
func (c *Console) Take(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.lines, func(line string) bool { return strings.Contains(line, text) })
	if i < 0 {
		return false
	}
	c.lines = slices.Delete(c.lines, i, i+1)
	return true
}

// Drain returns the lines and forgets them.
func (c *Console) Drain() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := c.lines
	c.lines = nil
	return lines
}

// Heard returns the console's messages, to be added to the message of another
// failure.
func (c *Console) Heard() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.lines) == 0 {
		return ""
	}
	return "\nthe console says:\n\t" + strings.Join(c.lines, "\n\t")
}
