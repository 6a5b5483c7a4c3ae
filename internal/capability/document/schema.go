package document

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// schemaText has places where what the program's tables say goes.
//
//go:embed schema.json
var schemaText string

var schema = []byte(strings.NewReplacer(
	`["$methods"]`, quoted(method.IDs()),
	`["$hosts"]`, quoted(device.AllHosts()),
	`["$versioned"]`, quoted(versioned()),
	`["$systems"]`, quoted(device.MobileSystems),
	`{"$comment": "$grants"}`, strings.Join(grants(), ",\n        "),
).Replace(schemaText))

// Schema returns the JSON Schema (draft 2020-12) of documents, with format
// assertion on. It accepts what Decode accepts and refuses what Decode refuses,
// but for the few rules that no schema can state.
func Schema() []byte { return slices.Clone(schema) }

// grants returns a rule for each method: which rails a provider may grant, and which
// currencies it takes.
func grants() []string {
	rules := make([]string, 0, len(method.All()))
	for _, m := range method.All() {
		rules = append(rules, fmt.Sprintf(
			`{"if": {"properties": {"method": {"const": %q}}, "required": ["method"]}, "then": {"properties": {"rails": {"items": {"enum": %s}}%s}}}`,
			m.ID, quoted(m.Grants()), currenciesOf(m.ID)))
	}
	return rules
}

func currenciesOf(id pay.Method) string {
	codes := method.Currencies(id)
	if codes == nil {
		return ""
	}
	return `, "currencies": {"items": {"enum": ` + quoted(codes) + `}}`
}

// versioned lists the keys of host_min_version.
func versioned() []string {
	var keys []string
	for _, host := range device.Hosts() {
		keys = append(keys, string(host))
		for _, system := range device.MobileSystems {
			keys = append(keys, string(host)+"/"+string(system))
		}
	}
	return keys
}

func quoted[T ~string](words []T) string {
	b, err := json.Marshal(words)
	if err != nil {
		panic(err) // words are strings
	}
	return string(b)
}
