package providersim

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// schema is the list of all fields that a request body may have. WeChat Pay
// refuses what its documents don't list, so what is not in here is an error,
// and so is null.
type schema []field

// field is one row: a path such as amount.total (a list's items share the
// path of the list), where it is required and allowed, and what it must be.
type field struct {
	path string
	need []Product // required by these; if its parent is there
	only []Product // allowed for these; nil for all
	be   check
}

// check returns what is wrong with a value, or "".
type check func(value any) string

var everyProduct = []Product{Native, H5, JSAPI, AppPay}

// values are the fields of a decoded body by path, without objects and lists.
type values map[string]any

func (v values) text(path string) string {
	s, _ := v[path].(string)
	return s
}

// named returns the texts of the fields that have these names, as a query has them.
func (v values) named(fields map[string]string) url.Values {
	q := url.Values{}
	for name := range fields {
		if text := v.text(name); text != "" {
			q.Set(name, text)
		}
	}
	return q
}

func (v values) integer(path string) int64 {
	n, _ := v[path].(json.Number)
	i, _ := n.Int64()
	return i
}

// decode checks a body against the schema. canonical is the body with sorted
// keys and no spaces: two bodies that ask for the same have the same one.
// It fails with *problem.
func (s schema) decode(body []byte, product Product) (v values, canonical string, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var tree map[string]any
	if err := d.Decode(&tree); err != nil || tree == nil {
		return nil, "", errRequest.at("body", "/", "", "不是JSON对象")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, "", errRequest.at("body", "/", "", "JSON对象之后有多余内容")
	}
	v = values{}
	if err := s.walk("", tree, product, v); err != nil {
		return nil, "", err
	}
	return v, string(plainJSON(tree)), nil
}

// walk checks an object and what is in it, and collects the values.
func (s schema) walk(prefix string, object map[string]any, product Product, into values) error {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		path := prefix + name
		f := s.field(path)
		if f == nil || f.only != nil && !slices.Contains(f.only, product) {
			return errExtraField.at("body", pointer(path), "", "未定义的参数")
		}
		if issue := f.be(object[name]); issue != "" {
			return errRequest.at("body", pointer(path), string(plainJSON(object[name])), issue)
		}
		if err := s.descend(path, object[name], product, into); err != nil {
			return err
		}
	}
	return s.missing(prefix, object, product)
}

func (s schema) descend(path string, value any, product Product, into values) error {
	switch value := value.(type) {
	case map[string]any:
		return s.walk(path+".", value, product, into)
	case []any:
		for _, item := range value {
			if err := s.descend(path, item, product, into); err != nil {
				return err
			}
		}
	default:
		into[path] = value
	}
	return nil
}

// missing finds a required field that an object lacks.
func (s schema) missing(prefix string, object map[string]any, product Product) error {
	for _, f := range s {
		name, ok := strings.CutPrefix(f.path, prefix)
		if !ok || strings.Contains(name, ".") || !slices.Contains(f.need, product) {
			continue
		}
		if _, ok := object[name]; !ok {
			return errRequest.at("body", pointer(f.path), "", "缺少必填参数")
		}
	}
	return nil
}

func (s schema) field(path string) *field {
	for i := range s {
		if s[i].path == path {
			return &s[i]
		}
	}
	return nil
}

func pointer(path string) string { return "/" + strings.ReplaceAll(path, ".", "/") }

func isObject(v any) string {
	if _, ok := v.(map[string]any); !ok {
		return "应为对象"
	}
	return ""
}

// isListOf checks every item of a list.
func isListOf(item check) check {
	return func(v any) string {
		list, ok := v.([]any)
		if !ok {
			return "应为数组"
		}
		for _, i := range list {
			if issue := item(i); issue != "" {
				return issue
			}
		}
		return ""
	}
}

// isText accepts a string of so many characters.
func isText(least, most int) check {
	return func(v any) string {
		s, ok := v.(string)
		if !ok {
			return "应为字符串"
		}
		if n := utf8.RuneCountInString(s); n < least || n > most {
			return "字符串长度不符合要求"
		}
		return ""
	}
}

// isLike accepts a string that a pattern describes.
func isLike(pattern string) check {
	re := regexp.MustCompile(pattern)
	return func(v any) string {
		s, ok := v.(string)
		if !ok {
			return "应为字符串"
		}
		if !re.MatchString(s) {
			return "字符串格式不符合要求"
		}
		return ""
	}
}

// isOneOf accepts one of some strings.
func isOneOf(words ...string) check {
	return func(v any) string {
		s, ok := v.(string)
		if !ok || !slices.Contains(words, s) {
			return "取值不在允许范围内"
		}
		return ""
	}
}

func isBoolean(v any) string {
	if _, ok := v.(bool); !ok {
		return "应为布尔值"
	}
	return ""
}

// isAtLeast accepts an integer, written without fraction or exponent.
func isAtLeast(least int64) check {
	return func(v any) string {
		n, ok := v.(json.Number)
		if !ok {
			return "应为整数"
		}
		i, err := n.Int64()
		if err != nil {
			return "应为整数"
		}
		if i < least {
			return "数值小于最小值"
		}
		return ""
	}
}

func isInstant(v any) string {
	s, ok := v.(string)
	if !ok {
		return "应为字符串"
	}
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return "应为RFC3339格式的时间"
	}
	return ""
}

func isAddress(v any) string {
	s, ok := v.(string)
	if !ok {
		return "应为字符串"
	}
	if _, err := netip.ParseAddr(s); err != nil || len(s) > 45 {
		return "应为IPv4或IPv6地址"
	}
	return ""
}

// isNotifyURL accepts an absolute URL without query. Loopback and http are let
// through: see DIVERGENCES.md.
func isNotifyURL(v any) string {
	s, ok := v.(string)
	if !ok || len(s) > 255 {
		return "应为不超过255字节的字符串"
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "应为http或https的绝对地址"
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "不能携带参数"
	}
	return ""
}
