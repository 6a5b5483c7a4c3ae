package web

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"morepay/internal/capability"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/locale"
	"morepay/internal/marked"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/view"
)

var update = flag.Bool("update", false, "rewrite the methods of the types")

var (
	literal  = regexp.MustCompile(`"([^"]*)"`)
	comments = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
)

// declared returns what the types say after "export type name =".
func declared(t *testing.T, name string) string {
	t.Helper()
	types, err := sources.ReadFile(EmbedTypes)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(comments.ReplaceAllString(string(types), ""), "export type "+name+" =")
	if !ok {
		t.Fatalf("there is no type %s", name)
	}
	// A type ends before a blank line or the next declaration.
	end := regexp.MustCompile(`;\s*\n\s*\n|;\s*\nexport|;\s*$`).FindStringIndex(rest)
	if end == nil {
		t.Fatalf("the type %s has no end", name)
	}
	return rest[:end[0]]
}

func literals(text string) []string {
	var list []string
	for _, found := range literal.FindAllStringSubmatch(text, -1) {
		list = append(list, found[1])
	}
	return list
}

func words[T ~string](list []T) []string {
	var all []string
	for _, w := range list {
		all = append(all, string(w))
	}
	return all
}

// The types' closed lists are those of the program: a word more there, and shops
// that switch over them hear of it when they compile.
func TestTypesNameEveryWord(t *testing.T) {
	t.Parallel()
	payers := slices.DeleteFunc(slices.Clone(pay.Codes), func(c pay.Code) bool { return slices.Contains(locale.MerchantCodes, c) })
	for name, want := range map[string][]string{
		"State": words([]view.State{
			view.StateSelect, view.StateSubmitting, view.StateWaiting, view.StatePaid, view.StateExpired, view.StateFailed, view.StateCanceled,
		}),
		"PayerCode":  words(payers),
		"ReasonCode": words(capability.ReasonCodes()),
	} {
		got := literals(declared(t, name))
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// Each method is typed with the rails that its row of the table has on any device; with
// -update the lines are written.
func TestTypesTieRailsToMethods(t *testing.T) {
	t.Parallel()
	types, err := os.ReadFile(EmbedTypes)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(types), "export type Choice =\n")
	_, after, ended := strings.Cut(rest, ";\n")
	if !ok || !ended {
		t.Fatal("there is no type Choice")
	}
	var lines []string
	for _, m := range method.All() {
		rails := append(words(m.Grants()), string(pay.RailPageQR))
		lines = append(lines, `  | { method: "`+string(m.ID)+`"; rail: "`+strings.Join(rails, `" | "`)+`" }`)
	}
	marked.File(t, EmbedTypes, before+"export type Choice =\n"+strings.Join(lines, "\n")+";\n"+after, *update)
}

var (
	member    = regexp.MustCompile(`(?m)^  (?:get |set )?([a-z]\w+)(?:\(|:)`)
	attribute = regexp.MustCompile(`(?m)^  "?([a-z-]+)"?\?:`)
	hump      = regexp.MustCompile(`[A-Z]`)
)

// body returns what an interface of the types declares.
func body(t *testing.T, name string) string {
	t.Helper()
	types, err := sources.ReadFile(EmbedTypes)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(comments.ReplaceAllString(string(types), ""), "interface "+name)
	if !ok {
		t.Fatalf("there is no interface %s", name)
	}
	text, _, _ := strings.Cut(rest, "\n}")
	return text
}

// names returns what a pattern finds, sorted and each once.
func names(pattern *regexp.Regexp, text string) []string {
	var list []string
	for _, found := range pattern.FindAllStringSubmatch(text, -1) {
		list = append(list, found[1])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// The element has the properties and methods that its types name, no others, and
// an attribute for each property.
func TestTypesNameMembers(t *testing.T) {
	script, err := sources.ReadFile(Embed)
	if err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Start(t).Open(t)
	tab.Eval(string(script), nil)
	var has struct{ Properties, Methods []string }
	tab.Eval(`(() => {
		const { prototype } = customElements.get("more-payment-methods");
		const all = Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(([name]) => !/^_|Callback$|^(constructor|handleEvent)$/.test(name));
		const names = (wanted) => all.filter(([, d]) => ("value" in d) === wanted).map(([name]) => name).sort();
		return { properties: names(false), methods: names(true) };
	})()`, &has)

	typed := names(member, body(t, "MorePaymentMethodsElement"))
	typed = slices.DeleteFunc(typed, func(name string) bool { return strings.HasSuffix(name, "EventListener") })
	if all := slices.Sorted(slices.Values(slices.Concat(has.Properties, has.Methods))); !slices.Equal(all, typed) {
		t.Errorf("the element has %v, its types name %v", all, typed)
	}
	var attributes []string
	for _, name := range has.Properties {
		attributes = append(attributes, hump.ReplaceAllStringFunc(name, func(c string) string { return "-" + strings.ToLower(c) }))
	}
	slices.Sort(attributes)
	if typed := names(attribute, body(t, "Attributes")+body(t, "Flags")); !slices.Equal(attributes, typed) {
		t.Errorf("the properties stand for the attributes %v, the types name %v", attributes, typed)
	}
}
