package web

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"morepay/internal/capability"
	"morepay/internal/locale"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/view"
)

var (
	literal  = regexp.MustCompile(`"([^"]*)"`)
	comments = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	choice   = regexp.MustCompile(`\{ method: "([a-z_]+)"; rail: ([^}]+) \}`)
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

// Each method is typed with the rails that its row of the table has on any device.
func TestTypesTieRailsToMethods(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for _, found := range choice.FindAllStringSubmatch(declared(t, "Choice"), -1) {
		got[found[1]] = literals(found[2])
	}
	want := map[string][]string{}
	for _, m := range method.All() {
		want[string(m.ID)] = append(words(m.Grants()), string(pay.RailPageQR))
	}
	for _, list := range []map[string][]string{got, want} {
		for _, rails := range list {
			slices.Sort(rails)
		}
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the types have %v, want %v", got, want)
	}
}
