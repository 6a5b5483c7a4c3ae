package console

import (
	"fmt"
	"strconv"
	"strings"

	"morepay/internal/device"
)

// line writes a sample as the table of samples in package device has it, in Go.
func line(s device.Sample) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{App: %q, System: %q, UserAgent: %s", s.App, s.System, literal(s.UserAgent))
	if hints := set(s.Hints); hints != "" {
		fmt.Fprintf(&b, ", Hints: Hints{%s}", hints)
	}
	b.WriteString("},")
	return b.String()
}

// literal writes a text as Go does, between backquotes if it can be.
func literal(text string) string {
	if strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}

// set writes the fields of hints that are set.
func set(h device.Hints) string {
	var list []string
	if h.TouchPoints != 0 {
		list = append(list, fmt.Sprintf("TouchPoints: %d", h.TouchPoints))
	}
	if h.WeixinBridge {
		list = append(list, "WeixinBridge: true")
	}
	if h.AlipayBridge {
		list = append(list, "AlipayBridge: true")
	}
	if h.Environment != "" {
		list = append(list, fmt.Sprintf("Environment: %q", h.Environment))
	}
	if h.App != "" {
		list = append(list, fmt.Sprintf("App: %q", h.App))
	}
	return strings.Join(list, ", ")
}
