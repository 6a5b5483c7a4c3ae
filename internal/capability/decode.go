package capability

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// Bounds of a document's numbers and texts.
const (
	maxVersion = 1<<53 - 1 // the greatest whole number that every JSON reader keeps
	maxVisible = 99
	maxRank    = 9999
	maxName    = 80  // characters
	maxText    = 200 // characters
)

// Decode reads a document strictly. The error is a Problems with everything
// that is wrong with it: first each field, in the order of the file, then what
// does not fit together.
func Decode(data []byte) (*Document, error) {
	if len(data) > MaxSize {
		return nil, Problems{{Rule: RuleTooLarge, Message: fmt.Sprintf("must have at most %d bytes, has %d", MaxSize, len(data))}}
	}
	v, err := parse(data)
	if err != nil {
		return nil, Problems{{Rule: RuleSyntax, Message: err.Error()}}
	}
	var d decoder
	doc := new(Document)
	d.document(doc)(v, "")
	d.checkReferences(doc)
	if len(d.problems) > 0 {
		return nil, d.problems
	}
	return doc, nil
}

// JSON is the one encoding of a document: the same document always gives the
// same bytes. It panics on numbers and times that Decode would not let through.
func (doc *Document) JSON() []byte { return mustEncode(json.Marshal(doc)) }

// Indented is JSON for people to read and compare, ending in a newline.
func (doc *Document) Indented() []byte {
	return append(mustEncode(json.MarshalIndent(doc, "", "  ")), '\n')
}

func mustEncode(data []byte, err error) []byte {
	if err != nil {
		panic("capability: document was not made by Decode: " + err.Error())
	}
	return data
}

func (d *decoder) document(doc *Document) reader {
	return d.object(
		field{"schema", true, integer(d, &doc.Schema, SchemaVersion, SchemaVersion)},
		field{"version", false, integer(d, &doc.Version, 0, maxVersion)},
		field{"merchant", true, word(d, &doc.Merchant, RuleFormat, mustBeID, isID)},
		field{"name", true, text(d, &doc.Name, maxName)},
		field{"locale", true, word(d, &doc.Locale, RuleFormat, "must be a language tag such as zh-CN", isLanguageTag)},
		field{"theme", false, d.theme(&doc.Theme)},
		field{"visible", true, integer(d, &doc.Visible, 1, maxVisible)},
		field{"ranking", false, set(d, &doc.Ranking, 1, d.methodID)},
		field{"open_batches", false, set(d, &doc.OpenBatches, 1, d.id)},
		field{"methods", true, list(d, &doc.Methods, 1, d.method)},
	)
}

func (d *decoder) theme(t *Theme) reader {
	return d.object(
		field{"accent", false, oneOf(d, &t.Accent, Accents)},
		field{"corners", false, oneOf(d, &t.Corners, Corners)},
		field{"mode", false, oneOf(d, &t.Mode, Modes)},
	)
}

func (d *decoder) method(m *Method) reader {
	return d.object(
		field{"method", true, d.methodID(&m.Method)},
		field{"state", true, oneOf(d, &m.State, States)},
		field{"reason", false, text(d, &m.Reason, maxText)},
		field{"primary", false, d.boolean(&m.Primary)},
		field{"rank", false, integer(d, &m.Rank, 0, maxRank)},
		field{"icon", false, d.id(&m.Icon)},
		field{"rails", true, set(d, &m.Rails, 0, d.rail)},
		field{"currencies", true, set(d, &m.Currencies, 1, d.currency)},
		field{"limits", false, d.limits(&m.Limits)},
		field{"regions", false, set(d, &m.Regions, 1, d.region)},
		field{"products", false, optional(&m.Products, d.products)},
		field{"host_min_version", false, d.hostVersions(&m.HostMinVersion)},
		field{"rollout", false, optional(&m.Rollout, d.rollout)},
		field{"schedule", false, optional(&m.Schedule, d.schedule)},
	)
}

func (d *decoder) limits(into *map[string]Limits) reader {
	return d.dictionary(func(currency, path string) reader {
		if !isCurrency(currency) {
			d.report(path, RuleUnknownID, "%s, is %q", mustBeCurrency, currency)
			return nil
		}
		return func(v value, path string) {
			var l Limits
			d.notEmpty(d.object(
				field{"min", false, integer(d, &l.Min, 1, maxVersion)},
				field{"max", false, integer(d, &l.Max, 1, maxVersion)},
			))(v, path)
			put(into, currency, l)
		}
	})
}

func (d *decoder) products(p *Products) reader {
	return d.notEmpty(d.object(
		field{"allowed", false, optional(&p.Allowed, d.goods)},
		field{"excluded", false, optional(&p.Excluded, d.goods)},
	))
}

func (d *decoder) goods(g *Goods) reader {
	name := func(s *string) reader { return text(d, s, maxName) }
	return d.notEmpty(d.object(
		field{"categories", false, set(d, &g.Categories, 1, name)},
		field{"skus", false, set(d, &g.SKUs, 1, name)},
	))
}

func (d *decoder) hostVersions(into *map[device.Host]string) reader {
	hosts := device.Hosts()
	return d.dictionary(func(key, path string) reader {
		host := device.Host(key)
		if !slices.Contains(hosts, host) {
			d.report(path, RuleUnknownID, "must be one of %s, is %q", enumerate(hosts), key)
			return nil
		}
		return func(v value, path string) {
			var version string
			word(d, &version, RuleFormat, "must be two to four numbers with dots", device.ValidVersion)(v, path)
			put(into, host, version)
		}
	})
}

func (d *decoder) rollout(r *Rollout) reader {
	return d.object(
		field{"percent", true, d.percent(&r.Percent)},
		field{"salt", false, text(d, &r.Salt, maxName)},
		field{"batch", false, d.id(&r.Batch)},
	)
}

func (d *decoder) schedule(s *Schedule) reader {
	return d.notEmpty(d.object(
		field{"from", false, d.clock(&s.From)},
		field{"until", false, d.clock(&s.Until)},
	))
}

func (d *decoder) methodID(m *pay.Method) reader { return oneOf(d, m, method.IDs()) }

// rail takes the rails that a provider grants.
func (d *decoder) rail(r *pay.Rail) reader {
	return oneOf(d, r, slices.DeleteFunc(slices.Clone(pay.Rails), func(r pay.Rail) bool { return r == pay.RailPageQR }))
}

func (d *decoder) currency(c *string) reader {
	return word(d, c, RuleUnknownID, mustBeCurrency, isCurrency)
}

func (d *decoder) region(r *string) reader {
	return word(d, r, RuleUnknownID, "must be a region of ISO 3166-1 alpha-2", isRegion)
}

func (d *decoder) id(s *string) reader { return word(d, s, RuleFormat, mustBeID, isID) }

func put[K comparable, V any](into *map[K]V, key K, v V) {
	if *into == nil {
		*into = map[K]V{}
	}
	(*into)[key] = v
}

// checkReferences finds what is wrong between fields that are each right.
func (d *decoder) checkReferences(doc *Document) {
	for i, id := range doc.Ranking {
		if id != "" && doc.Method(id) == nil {
			d.report(fmt.Sprintf("ranking[%d]", i), RuleUndeclared, "%q is not among the methods", id)
		}
	}
	for i := range doc.Methods {
		m, path := &doc.Methods[i], fmt.Sprintf("methods[%d]", i)
		if m.Method != "" && doc.Method(m.Method) != m {
			d.report(path+".method", RuleMethodTwice, "%q has an entry already", m.Method)
		}
		d.checkRails(m, path+".rails")
		d.checkLimits(m, path+".limits")
		d.checkProducts(m.Products, path+".products")
		d.checkState(m, path)
		if s := m.Schedule; s != nil && !s.From.IsZero() && !s.Until.IsZero() && !s.From.Before(s.Until) {
			d.report(path+".schedule.until", RuleReversed, "must be later than from")
		}
	}
}

// checkRails: a grant that no device could ever use is a slip of the pen.
func (d *decoder) checkRails(m *Method, path string) {
	row := method.Find(m.Method)
	if row == nil {
		return
	}
	grants := row.Grants()
	for i, r := range m.Rails {
		if r != "" && !slices.Contains(grants, r) {
			d.report(fmt.Sprintf("%s[%d]", path, i), RuleRail, "%s has no rail %s, only %s", m.Method, r, enumerate(grants))
		}
	}
}

func (d *decoder) checkLimits(m *Method, path string) {
	for _, currency := range slices.Sorted(maps.Keys(m.Limits)) {
		at, l := join(path, currency), m.Limits[currency]
		if l.Max != 0 && l.Min > l.Max {
			d.report(at+".max", RuleReversed, "must not be less than min, %d", l.Min)
		}
		if !slices.Contains(m.Currencies, currency) {
			d.report(at, RuleUndeclared, "%s is not among the currencies", currency)
		}
	}
}

func (d *decoder) checkProducts(p *Products, path string) {
	if p == nil || p.Allowed == nil || p.Excluded == nil {
		return
	}
	d.checkOverlap(p.Allowed.Categories, p.Excluded.Categories, path+".excluded.categories")
	d.checkOverlap(p.Allowed.SKUs, p.Excluded.SKUs, path+".excluded.skus")
}

func (d *decoder) checkOverlap(allowed, excluded []string, path string) {
	for i, s := range excluded {
		if s != "" && slices.Contains(allowed, s) {
			d.report(fmt.Sprintf("%s[%d]", path, i), RuleOverlap, "%q is allowed as well", s)
		}
	}
}

// checkState holds the parts of a method to its state: what restricts it must
// be announced by the state. A closed method may keep them for later.
func (d *decoder) checkState(m *Method, path string) {
	switch {
	case m.State == StateRollout && m.Rollout == nil:
		d.report(path+".rollout", RuleState, "is missing, the state is rollout")
	case m.State == StateScheduled && m.Schedule == nil:
		d.report(path+".schedule", RuleState, "is missing, the state is scheduled")
	}
	if m.Rollout != nil && (m.State == StateOpen || m.State == StateScheduled) {
		d.report(path+".rollout", RuleState, "does not go with state %s", m.State)
	}
	if m.Schedule != nil && m.State == StateOpen {
		d.report(path+".schedule", RuleState, "does not go with state open")
	}
}
