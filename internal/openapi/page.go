package openapi

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"sync"
)

// description holds the parts of the document that people are shown.
type description struct {
	Info struct{ Title, Summary, Description string }
	Tags []struct{ Name, Description string }

	Paths, Webhooks map[string]map[string]operation // by HTTP method in lower case
	Components      struct {
		Parameters map[string]parameter
		Responses  map[string]response
		Schemas    map[string]*schema
	}
	Codes map[string]struct {
		Status          int
		Meaning, Remedy string
	} `json:"x-error-codes"`
}

type operation struct {
	OperationID, Summary, Description string
	Tags                              []string
	Security                          []struct{ Key []string } // of the scopes that a key must have; none for who needs no key
	Parameters                        []parameter
	RequestBody                       struct{ Content content }
	Responses                         map[string]response

	Method, Path string // of the routes, or the type of a webhook
}

type parameter struct {
	Ref                   string `json:"$ref"`
	Name, In, Description string
	Required              bool
	Schema                *schema
	Content               content
}

type response struct {
	Ref         string `json:"$ref"`
	Description string
	Headers     map[string]struct{}
	Content     content
}

type content map[string]struct{ Schema *schema }

// schema says what a value may be.
type schema struct {
	Ref                                string `json:"$ref"`
	Type, Description, Format, Pattern string
	Properties                         map[string]*schema
	Required                           []string
	Items                              *schema
	Default                            any
	Enum                               []string
	Words                              []string `json:"x-extensible-enum"`
	Const                              string
	Minimum, Maximum                   *int64
	MinLength, MaxLength, MaxItems     *int64
}

//go:embed page.html
var pageText string

// Page returns the description as a page for people, which needs no script. It is the
// same whenever it is called.
var Page = sync.OnceValues(func() ([]byte, error) {
	var d description
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("the description can't be read: %w", err)
	}
	t, err := template.New("").Funcs(template.FuncMap{
		"prose": prose, "type": typeOf, "fields": fields, "name": nameOf, "parameter": d.parameter, "response": d.response,
	}).Parse(pageText)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = t.Execute(&page, &d)
	return page.Bytes(), err
})

// Operations lists those of a tag, by path.
func (d *description) Operations(tag string) (list []operation) {
	for _, routes := range []map[string]map[string]operation{d.Paths, d.Webhooks} {
		for _, path := range slices.Sorted(maps.Keys(routes)) {
			for _, method := range slices.Sorted(maps.Keys(routes[path])) {
				o := routes[path][method]
				o.Method, o.Path = strings.ToUpper(method), path
				if slices.Contains(o.Tags, tag) {
					list = append(list, o)
				}
			}
		}
	}
	return list
}

// Scope is the one that a key for the operation must have, "" for none.
func (o operation) Scope() string {
	if len(o.Security) == 0 {
		return ""
	}
	return strings.Join(o.Security[0].Key, ", ")
}

// Body is what is sent, nil for nothing.
func (o operation) Body() *schema { return o.RequestBody.Content.only() }

// Schema is what is answered, nil for nothing.
func (r response) Schema() *schema { return r.Content.only() }

func (c content) only() *schema {
	for _, one := range c {
		return one.Schema
	}
	return nil
}

// Says is the form of a parameter's value.
func (p parameter) Says() *schema { return cmp.Or(p.Schema, p.Content.only()) }

func (d *description) parameter(p parameter) parameter {
	if p.Ref != "" {
		return d.Components.Parameters[nameOf(p.Ref)]
	}
	return p
}

func (d *description) response(r response) response {
	if r.Ref != "" {
		return d.Components.Responses[nameOf(r.Ref)]
	}
	return r
}

// nameOf returns the last part of a reference.
func nameOf(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }

// field is one row of an object's table.
type field struct {
	Name   string
	Needed bool
	Schema *schema
}

// fields lists the properties of an object, those of objects within it as a.b, and those of
// elements as a[].b: what is needed first.
func fields(s *schema) (list []field) {
	for name, p := range s.Properties {
		list = append(list, field{name, slices.Contains(s.Required, name), p})
	}
	slices.SortFunc(list, func(a, b field) int {
		if a.Needed != b.Needed {
			return map[bool]int{true: -1, false: 1}[a.Needed]
		}
		return cmp.Compare(a.Name, b.Name)
	})
	var flat []field
	for _, f := range list {
		flat = append(flat, f)
		inner, within := f.Schema, "."
		if inner.Items != nil {
			inner, within = inner.Items, "[]."
		}
		for _, part := range fields(inner) {
			flat = append(flat, field{f.Name + within + part.Name, part.Needed, part.Schema})
		}
	}
	return flat
}

// typeOf says in words what a value may be, where it is no object of a name of its own.
func typeOf(s *schema) string {
	words := []string{map[string]string{"integer": "whole number", "string": "text", "boolean": "true or false"}[s.Type]}
	if words[0] == "" {
		words[0] = s.Type
	}
	if s.Items != nil && s.Items.Ref == "" {
		words[0] = "list of " + typeOf(s.Items)
	}
	for _, bound := range []struct {
		format string
		value  *int64
	}{{"at least %d", s.Minimum}, {"at most %d", s.Maximum}, {"at least %d characters", s.MinLength}, {"at most %d characters", s.MaxLength}, {"at most %d", s.MaxItems}} {
		if bound.value != nil {
			words = append(words, fmt.Sprintf(bound.format, *bound.value))
		}
	}
	if s.Format != "" {
		words = append(words, s.Format)
	}
	if s.Default != nil {
		words = append(words, fmt.Sprintf("%v if absent", s.Default))
	}
	return strings.Join(words, ", ")
}

// prose marks what stands between backticks as code.
func prose(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if part = template.HTMLEscapeString(part); i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		b.WriteString(part)
	}
	return template.HTML(b.String())
}
