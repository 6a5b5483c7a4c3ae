package httpd

import (
	"log/slog"
	"strings"
)

// RedactAttr is for slog.HandlerOptions: whatever a log line says, payers'
// tokens and keys are cut out of it.
func RedactAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(redact(a.Value.String()))
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok {
			a.Value = slog.StringValue(redact(err.Error()))
		}
	}
	return a
}

// slashes are the spellings of one, in a path, in JSON and in a query.
var slashes = []string{"/", `\/`, `\u002f`, `\u002F`, "%2f", "%2F", "&#x2f;", "&#x2F;", "&#47;"}

// secretMarks are the texts that a secret follows. It ends at the first letter that
// no secret has.
var secretMarks = func() []string {
	marks := []string{"sk_test_", "sk_live_", "whsec_", "Bearer ", "bearer "}
	for _, route := range []string{"pay", "p", "return", "identified"} {
		for _, slash := range slashes {
			marks = append(marks, slash+route+slash)
		}
	}
	return marks
}()

const secretLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/="

func redact(s string) string {
	for _, mark := range secretMarks {
		s = redactAfter(s, mark)
	}
	return s
}

func redactAfter(s, mark string) string {
	if !strings.Contains(s, mark) {
		return s
	}
	letters := secretLetters
	if strings.HasPrefix(mark, "/") {
		letters = strings.ReplaceAll(letters, "/", "") // the path goes on after the token
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, mark)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString(mark)
		s = strings.TrimLeft(after, letters)
		if len(s) < len(after) {
			b.WriteString("…")
		}
	}
}
