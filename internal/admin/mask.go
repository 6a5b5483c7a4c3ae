package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// fact is one thing that a provider said.
type fact struct {
	Name  string // such as amount.total
	Value string
}

// about are parts of names under which providers say who paid.
var about = []string{"openid", "open_id", "buyer", "payer", "user", "logon", "ip", "phone", "mobile", "name", "card", "attach"}

// sums are names of sums and currencies among them.
var sums = []string{"payer_total", "payer_currency", "payer_refund", "buyer_pay_amount"}

// factsOf lists what a statement says, with what it says of the payer masked. It is nil
// for a statement that is neither JSON nor a form.
func factsOf(statement []byte) (list []fact) {
	d := json.NewDecoder(bytes.NewReader(statement))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err == nil {
		add(&list, "", value, false)
	} else if form, err := url.ParseQuery(string(statement)); err == nil && bytes.ContainsRune(statement, '=') {
		for name, values := range form {
			add(&list, name, strings.Join(values, " "), personal(name))
		}
	}
	slices.SortFunc(list, func(a, b fact) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// add lists a value and what is in it. What is in something about the payer is about the
// payer.
func add(list *[]fact, name string, value any, hidden bool) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			add(list, strings.TrimPrefix(name+"."+key, "."), inner, hidden || personal(key))
		}
	case []any:
		for i, inner := range v {
			add(list, fmt.Sprintf("%s[%d]", name, i), inner, hidden)
		}
	case nil:
	default:
		text := fmt.Sprint(v)
		if hidden {
			text = masked(text)
		}
		*list = append(*list, fact{name, text})
	}
}

func personal(name string) bool {
	name = strings.ToLower(name)
	return !slices.Contains(sums, name) && slices.ContainsFunc(about, func(part string) bool { return strings.Contains(name, part) })
}

// masked leaves so much of a text that two can be told apart.
func masked(text string) string {
	r := []rune(text)
	if len(r) < 12 {
		return "…"
	}
	return string(r[:2]) + "…" + string(r[len(r)-2:])
}
