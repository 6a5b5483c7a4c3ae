package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth limits the nesting of values.
const MaxDepth = 16

// Kind is the JSON type of a value, as a problem calls it.
type Kind string

// The kinds.
const (
	Null   Kind = "null"
	Bool   Kind = "a boolean"
	Number Kind = "a number"
	String Kind = "a string"
	Array  Kind = "an array"
	Object Kind = "an object"
)

// Value is a JSON value and where it stands.
type Value struct {
	Kind   Kind
	Path   string
	Line   int
	Text   string // of a string; of a number or boolean as written
	Raw    []byte // the bytes of the text that make it up
	Items  []Value
	Fields []Field // in the order of the text; of a name that stands twice the first
}

// Field is one field of an object.
type Field struct {
	Name  string
	Value Value
}

// Is reports whether a value is of a kind, and adds a problem if not.
func (v *Value) Is(k Kind, problems *Problems) bool {
	if v.Kind != k {
		problems.AddAt(v, RuleType, "must be %s, is %s", k, v.Kind)
	}
	return v.Kind == k
}

// Parse reads exactly one JSON value of at most limit bytes and returns what is
// wrong with it as JSON. The value is nil if it can't be read to its end.
func Parse(data []byte, limit int) (*Value, Problems) {
	p := newParser(data)
	if len(data) > limit {
		p.problems.Add("", 1, RuleTooLarge, "must have at most %d bytes, has %d", limit, len(data))
		return nil, p.problems
	}
	if marked(data) {
		p.problems.Add("", 1, RuleSyntax, "begins with a byte order mark: save it as UTF-8 without one")
		return nil, p.problems
	}
	if len(bytes.TrimSpace(data)) == 0 {
		p.problems.Add("", p.lineAt(len(data)), RuleSyntax, "is empty")
		return nil, p.problems
	}
	var v Value
	if !p.value(&v, "", 0) || !p.end() {
		return nil, p.problems
	}
	return &v, p.problems
}

// marked reports whether a text begins with the byte order mark of UTF-8 or UTF-16, which
// editors on Windows add and nobody sees.
func marked(data []byte) bool {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(mark)) {
			return true
		}
	}
	return false
}

// parser builds the tree. Its methods report whether reading can go on.
type parser struct {
	data     []byte
	tokens   *jsontext.Decoder
	problems Problems
	line     int // of the byte at counted
	counted  int
}

// newParser lets the decoder pass duplicate names and invalid UTF-8, at which it
// would stop: the parser reports them and reads on.
func newParser(data []byte) *parser {
	return &parser{data: data, line: 1, tokens: jsontext.NewDecoder(bytes.NewReader(data),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
}

// lineAt returns the line of a byte. Offsets must not decrease.
func (p *parser) lineAt(offset int) int {
	p.line += bytes.Count(p.data[p.counted:offset], []byte("\n"))
	p.counted = offset
	return p.line
}

// stop reports an error of the decoder, after which nothing more can be read.
func (p *parser) stop(path string, err error) bool {
	offset := len(p.data)
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset, err = int(syntax.ByteOffset), syntax.Err
	}
	line := p.lineAt(max(offset, p.counted))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		p.problems.Add(path, line, RuleSyntax, "is not valid JSON: it ends too early")
	} else {
		p.problems.Add(path, line, RuleSyntax, "is not valid JSON: %v", err)
	}
	return false
}

// end expects that nothing follows.
func (p *parser) end() bool {
	rest := bytes.TrimLeft(p.data[p.tokens.InputOffset():], " \t\r\n")
	if len(rest) > 0 {
		p.problems.Add("", p.lineAt(len(p.data)-len(rest)), RuleSyntax, "must be one JSON value, but something follows it")
	}
	return len(rest) == 0
}

func (p *parser) value(v *Value, path string, depth int) bool {
	if depth > MaxDepth {
		p.problems.Add("", p.line, RuleSyntax, "is nested deeper than %d levels", MaxDepth)
		return false
	}
	v.Path = path
	switch p.tokens.PeekKind() {
	case '[':
		return p.array(v, depth)
	case '{':
		return p.object(v, depth)
	}
	return p.scalar(v)
}

// scalars says what the first byte of a value makes it.
var scalars = map[jsontext.Kind]Kind{'n': Null, 't': Bool, 'f': Bool, '0': Number, '"': String}

func (p *parser) scalar(v *Value) bool {
	raw, err := p.tokens.ReadValue()
	if err != nil {
		return p.stop(v.Path, err)
	}
	v.Kind = scalars[raw.Kind()]
	v.Raw = p.read(len(raw))
	v.Line = p.line
	v.Text = string(v.Raw)
	if v.Kind == String {
		v.Text = p.unquote(v.Raw, v.Path)
	}
	return true
}

// read returns the last n bytes that the decoder has read, and counts the lines
// before them.
func (p *parser) read(n int) []byte {
	end := int(p.tokens.InputOffset())
	p.lineAt(end - n)
	return p.data[end-n : end]
}

// unquote returns the text of a string.
func (p *parser) unquote(raw []byte, path string) string {
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		p.problems.Add(path, p.line, RuleEncoding, "holds a character that is no Unicode")
	}
	return string(text)
}

func (p *parser) array(v *Value, depth int) bool {
	start, ok := p.open(v, Array)
	if !ok {
		return false
	}
	for p.more(']') {
		var item Value
		if !p.value(&item, fmt.Sprintf("%s[%d]", v.Path, len(v.Items)), depth+1) {
			return false
		}
		v.Items = append(v.Items, item)
	}
	return p.close(v, start)
}

func (p *parser) object(v *Value, depth int) bool {
	start, ok := p.open(v, Object)
	if !ok {
		return false
	}
	seen := map[string]bool{}
	for p.more('}') {
		raw, err := p.tokens.ReadValue()
		if err != nil {
			return p.stop(v.Path, err)
		}
		field := Field{Name: p.unquote(p.read(len(raw)), v.Path)}
		path, line := Join(v.Path, field.Name), p.line
		if !p.value(&field.Value, path, depth+1) {
			return false
		}
		if seen[field.Name] {
			p.problems.Add(path, line, RuleDuplicateKey, "is given twice")
			continue
		}
		seen[field.Name] = true
		v.Fields = append(v.Fields, field)
	}
	return p.close(v, start)
}

// open reads an opening bracket and returns where it stands.
func (p *parser) open(v *Value, k Kind) (start int, ok bool) {
	if _, err := p.tokens.ReadToken(); err != nil {
		return 0, p.stop(v.Path, err)
	}
	p.read(1)
	v.Kind, v.Line = k, p.line
	return p.counted, true
}

// more reports whether something stands before the closing bracket.
func (p *parser) more(closing jsontext.Kind) bool { return p.tokens.PeekKind() != closing }

func (p *parser) close(v *Value, start int) bool {
	if _, err := p.tokens.ReadToken(); err != nil {
		return p.stop(v.Path, err)
	}
	p.read(1)
	v.Raw = p.data[start : p.counted+1]
	return true
}

// LineOf returns the line of the value at a path, or of the closest one above it
// that there is.
func (v *Value) LineOf(path string) int {
	for i := range v.Items {
		if v.Items[i].holds(path) {
			return v.Items[i].LineOf(path)
		}
	}
	for i := range v.Fields {
		if v.Fields[i].Value.holds(path) {
			return v.Fields[i].Value.LineOf(path)
		}
	}
	return v.Line
}

// holds reports whether a path is a value's own or one below it.
func (v *Value) holds(path string) bool {
	rest, ok := strings.CutPrefix(path, v.Path)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
