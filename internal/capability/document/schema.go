package document

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// schemaText has places where what the program's tables say goes.
//
//go:embed schema.json
var schemaText string

var schema = []byte(strings.NewReplacer(
	`["$presets"]`, quoted(capability.Presets),
	`["$accents"]`, quoted(capability.Accents),
	`["$corners"]`, quoted(capability.Corners),
	`["$modes"]`, quoted(capability.Modes),
	`["$states"]`, quoted(capability.States),
	`["$walls"]`, quoted(capability.Walls),
	`["$rails"]`, quoted(grantable()),
	`["$currencies"]`, quoted(strings.Fields(currencies)),
	`["$regions"]`, quoted(strings.Fields(regions)),
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

// grants returns a rule for each method: which rails and instalments a provider may grant,
// which currencies it takes, and how much of them.
func grants() []string {
	rules := make([]string, 0, len(method.All()))
	for _, m := range method.All() {
		rules = append(rules, fmt.Sprintf(
			`{"if": {"properties": {"method": {"const": %q}}, "required": ["method"]}, "then": {"properties": {"rails": {"items": {"enum": %s}}%s}}}`,
			m.ID, quoted(m.Grants()), instalmentsOf(m)+currenciesOf(m)))
	}
	return rules
}

func instalmentsOf(m *method.Method) string {
	if len(m.Instalments) == 0 {
		return `, "instalments": false`
	}
	return `, "instalments": {"items": {"enum": ` + encoded(m.Instalments) + `}}`
}

func currenciesOf(m *method.Method) string {
	if len(m.Currencies) == 0 {
		return ""
	}
	var bounds []string
	for _, c := range m.Currencies {
		if c.Most != 0 {
			bounds = append(bounds, fmt.Sprintf(`%q: {"properties": {"min": {"maximum": %d}, "max": {"maximum": %d}}}`, c.Code, c.Most, c.Most))
		}
	}
	rule := `, "currencies": {"items": {"enum": ` + quoted(m.Codes()) + `}}`
	if bounds != nil {
		rule += `, "limits": {"properties": {` + strings.Join(bounds, ", ") + `}}`
	}
	return rule
}

// grantable lists the rails that a provider may grant: all but the code of our own page.
func grantable() []pay.Rail {
	return slices.DeleteFunc(slices.Clone(pay.Rails), func(r pay.Rail) bool { return r == pay.RailPageQR })
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

func quoted[T ~string](words []T) string { return encoded(words) }

func encoded(list any) string {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // it holds strings or numbers
	}
	return string(b)
}
