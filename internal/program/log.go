package program

import (
	"io"
	"log/slog"
	"os"

	"morepay/internal/httpd"
)

// NewLog returns a log in the format "json", else "text", of what is at least of a
// level, from which payers' tokens and keys are cut out. What happens in the course of a
// request bears its name.
func NewLog(w io.Writer, format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: httpd.RedactAttr}
	if format == "json" {
		return slog.New(httpd.LogRequestID(slog.NewJSONHandler(w, options)))
	}
	return slog.New(httpd.LogRequestID(slog.NewTextHandler(w, options)))
}

// DefaultLog returns a logger that writes text to standard error.
func DefaultLog() *slog.Logger { return NewLog(os.Stderr, "text", slog.LevelInfo) }
