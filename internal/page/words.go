package page

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// Words are what the shop's page wishes of the look and of the list. They reorder,
// fold or leave out what the decision offers, and make nothing possible. Lists have dots
// between; the zero value wishes nothing.
type Words struct {
	Theme   string         // see [capability.Theme.With]
	Layout  string         // one of layouts, or ""
	Visible int            // so many methods stand before "More payment methods"; 0 for as many as the document says
	Order   string         // methods that come first
	Allow   string         // the only methods on the list, if there are any
	Remove  string         // methods that are not
	Last    string         // the method that the payer used last
	Host    string         // what the shop's own app around the page says of itself, see [device.Hints]
	Device  device.Profile // the device to be taken for, in test mode; "" for what the browser is
}

// The layouts.
const (
	layoutTabs = "tabs"
	layoutList = "list"
)

// Bounds of words, in bytes; and of Visible.
const (
	maxTheme   = 64
	maxHost    = 64
	maxProfile = 64
	maxMethods = 256
	maxWords   = 1024
	maxVisible = 99
)

// DeviceField names the field by which a page in test mode is asked to take its browser
// for another device.
const DeviceField = "device"

// WordsField names the one field by which forms hand all words on.
const WordsField = "words"

// with returns the words with those that values hold. What is too long or unknown counts
// for nothing.
func (w Words) with(values url.Values) Words {
	if packed := values.Get(WordsField); packed != "" && len(packed) <= maxWords {
		if inner, err := url.ParseQuery(packed); err == nil && !inner.Has(WordsField) {
			w = w.with(inner)
		}
	}
	if theme := values.Get("theme"); theme != "" && len(theme) <= maxTheme {
		w.Theme = theme
	}
	if l := values.Get("layout"); l == layoutTabs || l == layoutList {
		w.Layout = l
	}
	if n, err := strconv.Atoi(values.Get("visible")); err == nil && n >= 1 && n <= maxVisible {
		w.Visible = n
	}
	for _, list := range w.lists() {
		if ids := values.Get(list.name); ids != "" && len(ids) <= maxMethods {
			*list.ids = join(methodsIn(ids))
		}
	}
	if last := values.Get("last"); method.Find(pay.Method(last)) != nil {
		w.Last = last
	}
	if host := values.Get("host"); host != "" && len(host) <= maxHost {
		w.Host = host
	}
	if p := device.Profile(values.Get(DeviceField)); len(p) <= maxProfile {
		if _, known := device.Of(p); known {
			w.Device = p
		}
	}
	return w
}

type namedList struct {
	name string
	ids  *string
}

func (w *Words) lists() []namedList {
	return []namedList{{"order", &w.Order}, {"allow", &w.Allow}, {"remove", &w.Remove}}
}

// values returns the words as a query has them.
func (w Words) values() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("theme", w.Theme)
	set("layout", w.Layout)
	if w.Visible > 0 {
		set("visible", strconv.Itoa(w.Visible))
	}
	for _, list := range w.lists() {
		set(list.name, *list.ids)
	}
	set("last", w.Last)
	set("host", w.Host)
	set(DeviceField, string(w.Device))
	return q
}

// methodsIn returns the methods of a list that there are, each once.
func methodsIn(ids string) []pay.Method {
	var list []pay.Method
	for id := range strings.SplitSeq(ids, ".") {
		if m := pay.Method(id); method.Find(m) != nil && !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

func join(methods []pay.Method) string {
	ids := make([]string, len(methods))
	for i, m := range methods {
		ids[i] = string(m)
	}
	return strings.Join(ids, ".")
}

// leftOut lists the methods of a document that the shop's page doesn't want on the list.
func (w Words) leftOut(doc *capability.Document) []pay.Method {
	allowed, removed := methodsIn(w.Allow), methodsIn(w.Remove)
	var out []pay.Method
	for i := range doc.Methods {
		m := doc.Methods[i].Method
		if len(allowed) > 0 && !slices.Contains(allowed, m) || slices.Contains(removed, m) {
			out = append(out, m)
		}
	}
	return out
}

// document returns a document as the shop's page wants it shown.
func (w Words) document(doc *capability.Document) *capability.Document {
	shown := *doc
	if w.Theme != "" {
		shown.Theme = doc.Theme.With(w.Theme)
	}
	if w.Layout == layoutList {
		shown.Instant = false // its code stands beside tabs
	}
	first := slices.Concat(methodsIn(w.Last), methodsIn(w.Order))
	if len(first) > 0 || w.Visible > 0 {
		rank(&shown, first, w.Visible)
	}
	return &shown
}

// rank puts some methods first. The others keep their order among themselves, and as many
// are to be seen at once as before, if visible does not say how many.
func rank(doc *capability.Document, first []pay.Method, visible int) {
	methods := slices.Clone(doc.Methods)
	place := func(m capability.Method) int {
		if i := slices.Index(doc.Ranking, m.Method); i >= 0 {
			return i
		}
		return len(doc.Ranking)
	}
	slices.SortStableFunc(methods, func(a, b capability.Method) int {
		return cmp.Or(compareTrue(a.Primary, b.Primary), cmp.Compare(place(a), place(b)), cmp.Compare(a.Rank, b.Rank))
	})
	primary := 0
	ranking := slices.Clone(first)
	for i := range methods {
		if methods[i].Primary {
			primary++
		}
		methods[i].Primary = false
		ranking = append(ranking, methods[i].Method)
	}
	doc.Methods, doc.Ranking, doc.Visible = methods, ranking, cmp.Or(visible, max(doc.Visible, primary))
}

// compareTrue puts what is true first.
func compareTrue(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return +1
}
