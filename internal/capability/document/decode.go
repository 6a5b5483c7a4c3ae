// Package document decodes capability documents: strictly, with everything that is
// wrong told at once, and with a JSON Schema that says the same.
//
// What must not live here: what a document means (package capability decides) and
// where it comes from or is kept (package merchant). The browser gets documents
// decoded, so it never imports this package.
package document

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"morepay/internal/capability"
	"morepay/internal/colour"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

// Bounds of a document's numbers and texts.
const (
	maxVersion     = 1<<53 - 1 // the greatest whole number that every JSON reader keeps
	maxVisible     = 99
	maxRank        = 9999
	maxInstalments = 60
	maxName        = 80  // characters
	maxText        = 200 // characters
)

// MaxSize is the most bytes that a document may have.
const MaxSize = 64 << 10

// Decode reads a document that comes in, strictly. The error is a strictjson.Problems
// with everything that is wrong with it: first each field, in the order of the file,
// then what does not fit together.
func Decode(data []byte) (*capability.Document, error) { return decode(data, true) }

// DecodeStored reads a document that was taken before, perhaps when less was asked: names
// that can't be seen, and currencies and amounts that a provider never takes, are no
// mistakes in it.
func DecodeStored(data []byte) (*capability.Document, error) { return decode(data, false) }

func decode(data []byte, incoming bool) (*capability.Document, error) {
	root, problems := strictjson.Parse(data, MaxSize)
	if root == nil {
		return nil, problems
	}
	d := decoder{root: root, problems: problems, incoming: incoming}
	doc := new(capability.Document)
	d.document(doc)(root)
	d.checkReferences(doc)
	if err := d.problems.Err(); err != nil {
		return nil, err
	}
	return doc, nil
}

func (d *decoder) document(doc *capability.Document) reader {
	return d.object(
		field{"schema", true, integer(d, &doc.Schema, capability.SchemaVersion, capability.SchemaVersion)},
		field{"version", false, integer(d, &doc.Version, 0, maxVersion)},
		field{"merchant", true, word(d, &doc.Merchant, RuleFormat, mustBeID, isID)},
		field{"name", true, text(d, &doc.Name, maxName)},
		field{"locale", true, word(d, &doc.Locale, RuleFormat, "must be a language tag such as zh-CN", isLanguageTag)},
		field{"logo", false, d.id(&doc.Logo)},
		field{"operator", false, text(d, &doc.Operator, maxName)},
		field{"help", false, word(d, &doc.Help, RuleFormat, mustBeContact, isContact)},
		field{"theme", false, d.theme(&doc.Theme)},
		field{"visible", true, integer(d, &doc.Visible, 1, maxVisible)},
		field{"instant", false, d.boolean(&doc.Instant)},
		field{"friend_pay", false, d.boolean(&doc.FriendPay)},
		field{"ranking", false, set(d, &doc.Ranking, 1, d.methodID)},
		field{"open_batches", false, set(d, &doc.OpenBatches, 1, d.id)},
		field{"methods", true, list(d, &doc.Methods, 1, d.method)},
	)
}

func (d *decoder) theme(t *capability.Theme) reader {
	return d.object(
		field{"preset", false, oneOf(d, &t.Preset, capability.Presets)},
		field{"accent", false, d.accent(&t.Accent)},
		field{"corners", false, oneOf(d, &t.Corners, capability.Corners)},
		field{"mode", false, oneOf(d, &t.Mode, capability.Modes)},
	)
}

// accent reads a name, or a colour on which text can be read.
func (d *decoder) accent(into *string) reader {
	known := oneOf(d, into, capability.Accents)
	return func(v *strictjson.Value) {
		if v.Kind != strictjson.String || !strings.HasPrefix(v.Text, "#") {
			known(v)
			return
		}
		c, ok := colour.Parse(v.Text)
		if !ok {
			d.report(v, RuleFormat, "must be a colour of six digits such as #0a7d4f, in lower case, is %q", strictjson.Cut(v.Text))
			return
		}
		if contrast := colour.Contrast(c.HSL().RGB(), colour.White); contrast < colour.Readable {
			d.report(v, RuleContrast, "is too light for white text: the contrast is %.1f and must be %.1f; take a darker one", contrast, colour.Readable)
			return
		}
		*into = v.Text
	}
}

func (d *decoder) method(m *capability.Method) reader {
	return d.object(
		field{"method", true, d.methodID(&m.Method)},
		field{"state", true, oneOf(d, &m.State, capability.States)},
		field{"reason", false, text(d, &m.Reason, maxText)},
		field{"primary", false, d.boolean(&m.Primary)},
		field{"rank", false, integer(d, &m.Rank, 0, maxRank)},
		field{"icon", false, d.id(&m.Icon)},
		field{"rails", true, set(d, &m.Rails, 0, d.rail)},
		field{"currencies", true, set(d, &m.Currencies, 1, d.currency)},
		field{"limits", false, d.limits(&m.Limits)},
		field{"instalments", false, d.instalments(&m.Instalments)},
		field{"regions", false, set(d, &m.Regions, 1, d.region)},
		field{"products", false, optional(&m.Products, d.products)},
		field{"hosts", false, d.walls(&m.Hosts)},
		field{"host_min_version", false, d.hostVersions(&m.HostMinVersion)},
		field{"rollout", false, optional(&m.Rollout, d.rollout)},
		field{"schedule", false, optional(&m.Schedule, d.schedule)},
	)
}

// instalments reads different numbers of instalments.
func (d *decoder) instalments(into *[]int) reader {
	read := list(d, into, 1, func(n *int) reader { return integer(d, n, 2, maxInstalments) })
	return func(v *strictjson.Value) {
		read(v)
		for i, n := range *into {
			if n != 0 && slices.Contains((*into)[:i], n) { // 0 was refused already
				d.report(&v.Items[i], RuleDuplicate, "%d is given twice", n)
			}
		}
	}
}

func (d *decoder) limits(into *map[string]capability.Limits) reader {
	return d.dictionary(func(currency string, v *strictjson.Value) {
		if !isCurrency(currency) {
			d.report(v, RuleUnknownID, "%s, is %q", mustBeCurrency, strictjson.Cut(currency))
			return
		}
		var l capability.Limits
		d.notEmpty(d.object(
			field{"min", false, integer(d, &l.Min, 1, maxVersion)},
			field{"max", false, integer(d, &l.Max, 1, maxVersion)},
		))(v)
		put(into, currency, l)
	})
}

func (d *decoder) products(p *capability.Products) reader {
	return d.notEmpty(d.object(
		field{"allowed", false, optional(&p.Allowed, d.goods)},
		field{"excluded", false, optional(&p.Excluded, d.goods)},
	))
}

func (d *decoder) goods(g *capability.Goods) reader {
	name := func(s *string) reader { return text(d, s, maxName) }
	return d.notEmpty(d.object(
		field{"categories", false, set(d, &g.Categories, 1, name)},
		field{"skus", false, set(d, &g.SKUs, 1, name)},
	))
}

// walls reads what apps do otherwise than the methods table says.
func (d *decoder) walls(into *map[device.Host]capability.Wall) reader {
	hosts := device.AllHosts()
	return d.dictionary(func(key string, v *strictjson.Value) {
		host := device.Host(key)
		if !slices.Contains(hosts, host) {
			d.report(v, RuleUnknownID, "must be one of %s, is %q", enumerate(hosts), strictjson.Cut(key))
			return
		}
		var wall capability.Wall
		oneOf(d, &wall, capability.Walls)(v)
		put(into, host, wall)
	})
}

// hostVersions reads versions by app, by app and system ("wechat/ios"), or an object of
// systems in an app, which is the same.
func (d *decoder) hostVersions(into *map[string]string) reader {
	hosts := device.Hosts()
	version := func(key string) reader {
		return func(v *strictjson.Value) {
			var text string
			word(d, &text, RuleFormat, "must be two to four numbers with dots", device.ValidVersion)(v)
			put(into, key, text)
		}
	}
	system := func(host, system string, v *strictjson.Value) {
		if !slices.Contains(device.MobileSystems, device.OS(system)) {
			d.report(v, RuleUnknownID, "must be one of %s, is %q", enumerate(device.MobileSystems), strictjson.Cut(system))
			return
		}
		version(host + "/" + system)(v)
	}
	return d.dictionary(func(key string, v *strictjson.Value) {
		host, os, onSystem := strings.Cut(key, "/")
		if !slices.Contains(hosts, device.Host(host)) {
			d.report(v, RuleUnknownID, "must be one of %s, is %q", enumerate(hosts), strictjson.Cut(host))
			return
		}
		if onSystem {
			system(host, os, v)
			return
		}
		if v.Kind == strictjson.Object {
			d.dictionary(func(os string, v *strictjson.Value) { system(host, os, v) })(v)
			return
		}
		version(key)(v)
	})
}

func (d *decoder) rollout(r *capability.Rollout) reader {
	return d.object(
		field{"percent", true, d.percent(&r.Percent)},
		field{"salt", false, text(d, &r.Salt, maxName)},
		field{"batch", false, d.id(&r.Batch)},
	)
}

func (d *decoder) schedule(s *capability.Schedule) reader {
	return d.notEmpty(d.object(
		field{"from", false, d.clock(&s.From)},
		field{"until", false, d.clock(&s.Until)},
	))
}

func (d *decoder) methodID(m *pay.Method) reader { return oneOf(d, m, method.IDs()) }

// rail takes the rails that a provider grants.
func (d *decoder) rail(r *pay.Rail) reader {
	return oneOf(d, r, grantable())
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
func (d *decoder) checkReferences(doc *capability.Document) {
	for i, id := range doc.Ranking {
		if id != "" && doc.Method(id) == nil {
			d.contradict(fmt.Sprintf("ranking[%d]", i), RuleUndeclared, "%q is not among the methods", id)
		}
	}
	for i := range doc.Methods {
		m, path := &doc.Methods[i], fmt.Sprintf("methods[%d]", i)
		if m.Method != "" && doc.Method(m.Method) != m {
			d.contradict(path+".method", RuleMethodTwice, "%q has an entry already", m.Method)
		}
		d.checkRails(m, path+".rails")
		d.checkInstalments(m, path+".instalments")
		d.checkCurrencies(m, path+".currencies")
		d.checkLimits(m, path+".limits")
		d.checkProducts(m.Products, path+".products")
		d.checkState(m, path)
		if s := m.Schedule; s != nil && !s.From.IsZero() && !s.Until.IsZero() && !s.From.Before(s.Until) {
			d.contradict(path+".schedule.until", RuleReversed, "must be later than from")
		}
	}
}

// checkRails: a grant that no device could ever use is a slip of the pen.
func (d *decoder) checkRails(m *capability.Method, path string) {
	row := method.Find(m.Method)
	if row == nil {
		return
	}
	grants := row.Grants()
	for i, r := range m.Rails {
		if r != "" && !slices.Contains(grants, r) {
			d.contradict(fmt.Sprintf("%s[%d]", path, i), RuleRail, "%s has no rail %s, only %s", m.Method, r, enumerate(grants))
		}
	}
}

// checkInstalments: the provider would refuse any other number after the payer's tap.
func (d *decoder) checkInstalments(m *capability.Method, path string) {
	row := method.Find(m.Method)
	if row == nil {
		return
	}
	for i, n := range m.Instalments {
		if n != 0 && !slices.Contains(row.Instalments, n) {
			d.contradict(fmt.Sprintf("%s[%d]", path, i), RuleInstalments, "%s is paid at once or in %v instalments, is %d", m.Method, row.Instalments, n)
		}
	}
}

// checkCurrencies: a currency that the provider never takes would be refused after the
// payer's tap.
func (d *decoder) checkCurrencies(m *capability.Method, path string) {
	row := method.Find(m.Method)
	if !d.incoming || row == nil {
		return
	}
	for i, currency := range m.Currencies {
		if _, taken := row.Currency(currency); currency != "" && !taken {
			d.contradict(fmt.Sprintf("%s[%d]", path, i), RuleCurrency, "%s takes %s only, is %q", m.Method, enumerate(row.Codes()), currency)
		}
	}
}

func (d *decoder) checkLimits(m *capability.Method, path string) {
	for _, currency := range slices.Sorted(maps.Keys(m.Limits)) {
		at, l := strictjson.Join(path, currency), m.Limits[currency]
		if l.Max != 0 && l.Min > l.Max {
			d.contradict(at+".max", RuleReversed, "must not be less than min, %d", l.Min)
		}
		if !slices.Contains(m.Currencies, currency) {
			d.contradict(at, RuleUndeclared, "%s is not among the currencies", currency)
		}
		d.checkProviders(m.Method, currency, l, at)
	}
}

// checkProviders: the provider would refuse after the payer's tap what is above its own
// bound.
func (d *decoder) checkProviders(id pay.Method, currency string, l capability.Limits, at string) {
	row := method.Find(id)
	if !d.incoming || row == nil {
		return
	}
	taken, _ := row.Currency(currency)
	for _, bound := range []struct {
		field string
		value int64
	}{{".min", l.Min}, {".max", l.Max}} {
		if taken.Most != 0 && bound.value > taken.Most {
			d.contradict(at+bound.field, RuleBound, "%s takes at most %d, is %d", id, taken.Most, bound.value)
		}
	}
}

func (d *decoder) checkProducts(p *capability.Products, path string) {
	if p == nil || p.Allowed == nil || p.Excluded == nil {
		return
	}
	d.checkOverlap(p.Allowed.Categories, p.Excluded.Categories, path+".excluded.categories")
	d.checkOverlap(p.Allowed.SKUs, p.Excluded.SKUs, path+".excluded.skus")
}

func (d *decoder) checkOverlap(allowed, excluded []string, path string) {
	for i, s := range excluded {
		if s != "" && capability.AmongGoods(allowed, s) {
			d.contradict(fmt.Sprintf("%s[%d]", path, i), RuleOverlap, "%q is allowed as well", strictjson.Cut(s))
		}
	}
}

// checkState holds the parts of a method to its state: what restricts it must
// be announced by the state. A closed method may keep them for later.
func (d *decoder) checkState(m *capability.Method, path string) {
	switch {
	case m.State == capability.StateRollout && m.Rollout == nil:
		d.contradict(path+".rollout", RuleState, "is missing, the state is rollout")
	case m.State == capability.StateScheduled && m.Schedule == nil:
		d.contradict(path+".schedule", RuleState, "is missing, the state is scheduled")
	}
	if m.Rollout != nil && (m.State == capability.StateOpen || m.State == capability.StateScheduled) {
		d.contradict(path+".rollout", RuleState, "does not go with state %s", m.State)
	}
	if m.Schedule != nil && m.State == capability.StateOpen {
		d.contradict(path+".schedule", RuleState, "does not go with state open")
	}
}
