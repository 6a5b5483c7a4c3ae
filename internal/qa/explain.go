package qa

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/locale"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// Explain tells in sentences how the decision about one method comes about:
// what it is about, every check with its outcome, what was learnt of its rails beyond
// the document, and the result. Fails with *pay.Error not_found if the document does
// not name the method.
func Explain(doc *capability.Document, m pay.Method, order capability.Order, dev device.Device, learnt []Learnt, now time.Time) ([]string, error) {
	c, err := decide(doc, m, order, dev, learnt, now)
	if err != nil {
		return nil, err
	}
	lines := []string{c.subject()}
	for _, s := range steps {
		lines = append(lines, c.step(s))
	}
	return append(append(lines, c.result()...), c.friend()...), nil
}

func decide(doc *capability.Document, m pay.Method, order capability.Order, dev device.Device, learnt []Learnt, now time.Time) (*decided, error) {
	entry, row := doc.Method(m), method.Find(m)
	if entry == nil || row == nil {
		return nil, pay.Errorf(pay.CodeNotFound, "method", "merchant %s has no method %q", doc.Merchant, m)
	}
	order = knowing(order, learnt, doc.Merchant)
	choice, _ := capability.Decide(doc, order, dev, now).Choice(m)
	return &decided{doc: doc, entry: entry, row: row, order: order, dev: dev, learnt: learntOf(learnt, doc.Merchant, m), now: now, choice: choice}, nil
}

// Why tells in sentences what speaks against a method, one a reason. Fails as Explain
// does.
func Why(doc *capability.Document, m pay.Method, order capability.Order, dev device.Device, learnt []Learnt, now time.Time) ([]string, error) {
	c, err := decide(doc, m, order, dev, learnt, now)
	if err != nil {
		return nil, err
	}
	var sentences []string
	for _, s := range steps {
		if i := c.reason(s.code); i >= 0 {
			sentences = append(sentences, s.failed(c, c.choice.Reasons[i]))
		}
	}
	return sentences, nil
}

// reason returns the place of a reason among those of the choice, -1 if it isn't there.
func (c *decided) reason(code capability.ReasonCode) int {
	return slices.IndexFunc(c.choice.Reasons, func(r capability.Reason) bool { return r.Code == code })
}

// decided is a decision with everything that went into it.
type decided struct {
	doc    *capability.Document
	entry  *capability.Method
	row    *method.Method
	order  capability.Order
	dev    device.Device
	learnt []Learnt // about the method
	now    time.Time
	choice capability.Choice
}

func (c *decided) subject() string {
	host := "no known app"
	if c.dev.Host != "" {
		host = strings.TrimSpace(string(c.dev.Host) + " " + c.dev.HostVersion)
	}
	return fmt.Sprintf("Can %s pay %s at merchant %s (document %d) on %s (%s, %s, %s, in %s) at %s?",
		c.entry.Method, amount(c.order.Amount), c.doc.Merchant, c.doc.Version, c.dev.Profile, c.dev.Container, c.dev.Form, c.dev.OS, host, clock(c.now))
}

func (c *decided) step(s step) string {
	i := c.reason(s.code)
	if i < 0 {
		return fmt.Sprintf("  pass  %-21s %s", s.code, s.passed(c))
	}
	return fmt.Sprintf("  FAIL  %-21s %s", s.code, s.failed(c, c.choice.Reasons[i]))
}

func (c *decided) result() []string {
	place := fmt.Sprintf("It stands in group %s, at rank %d.", c.choice.Group, c.choice.Rank)
	if c.choice.Offered() {
		return []string{fmt.Sprintf("Offered by %s%s.", ladder(c.choice.Ladder), instalments(c.choice)), place}
	}
	if !c.choice.Shown() {
		return []string{"Not offered. The payer does not see it, because at least one reason is silent."}
	}
	return []string{"Not offered. The payer sees a disabled row with the reason.", place}
}

// friend tells how the decision comes out for a friend who is asked to pay, of whom
// nobody knows who they are and where they live; nothing where none can be.
func (c *decided) friend() []string {
	if !c.doc.FriendPay {
		return nil
	}
	order := c.order
	order.Payer, order.Region = "", ""
	choice, _ := capability.Decide(c.doc, order, c.dev, c.now).Choice(c.entry.Method)
	if choice.Offered() {
		return []string{fmt.Sprintf("A friend may be asked to pay, and on this device is offered it by %s.", ladder(choice.Ladder))}
	}
	var codes []capability.ReasonCode
	for _, r := range choice.Reasons {
		codes = append(codes, r.Code)
	}
	return []string{fmt.Sprintf("A friend may be asked to pay, and on this device is not offered it: %s.", list(codes))}
}

// step is a row of the table of sentences.
type step struct {
	code   capability.ReasonCode
	passed func(*decided) string
	failed func(*decided, capability.Reason) string
}

// steps has a row for each reason code, in their order.
var steps = []step{
	{
		capability.ReasonMethodClosed,
		func(c *decided) string { return fmt.Sprintf("The state is %s.", c.entry.State) },
		func(c *decided, _ capability.Reason) string {
			if c.entry.State != capability.StateClosed {
				return fmt.Sprintf("Its schedule ended at %s.", clock(c.entry.Schedule.Until))
			}
			return "The state is closed" + because(c.entry.Reason)
		},
	},
	{
		capability.ReasonNotYetOpen,
		func(c *decided) string {
			if c.entry.Schedule == nil || c.entry.Schedule.From.IsZero() {
				return "It has no opening date."
			}
			return fmt.Sprintf("It opened at %s.", clock(c.entry.Schedule.From))
		},
		func(c *decided, r capability.Reason) string {
			return fmt.Sprintf("It opens only at %s", clock(r.At)) + because(c.entry.Reason)
		},
	},
	{
		capability.ReasonNotInRollout,
		func(c *decided) string { return rollout(c) },
		func(c *decided, _ capability.Reason) string { return rollout(c) },
	},
	{
		capability.ReasonCurrencyUnsupported,
		func(c *decided) string { return fmt.Sprintf("%s is supported.", c.order.Amount.Currency) },
		func(c *decided, _ capability.Reason) string {
			return fmt.Sprintf("%s is not among %s.", c.order.Amount.Currency, list(c.entry.Currencies))
		},
	},
	{
		capability.ReasonAmountBelowMin,
		func(c *decided) string {
			return bound("minimum", c.order.Amount.Currency, c.entry.Limits[c.order.Amount.Currency].Min)
		},
		func(c *decided, r capability.Reason) string {
			return fmt.Sprintf("%s is less than the minimum, %s.", amount(c.order.Amount), amount(r.Limit))
		},
	},
	{
		capability.ReasonAmountAboveMax,
		func(c *decided) string {
			return bound("maximum", c.order.Amount.Currency, c.entry.Limits[c.order.Amount.Currency].Max)
		},
		func(c *decided, r capability.Reason) string {
			return fmt.Sprintf("%s is more than the maximum, %s.", amount(c.order.Amount), amount(r.Limit))
		},
	},
	{
		capability.ReasonRegionUnsupported,
		func(c *decided) string {
			if len(c.entry.Regions) == 0 {
				return "Every region may pay."
			}
			return fmt.Sprintf("%s is among the regions.", c.order.Region)
		},
		func(c *decided, _ capability.Reason) string {
			return fmt.Sprintf("The payer's region %q is not among %s.", c.order.Region, list(c.entry.Regions))
		},
	},
	{
		capability.ReasonProductExcluded,
		func(c *decided) string {
			if c.entry.Products == nil {
				return "All goods may be paid with it."
			}
			return fmt.Sprintf("Each of the items (%d) may be paid with it.", len(c.order.Items))
		},
		func(c *decided, r capability.Reason) string {
			if len(c.order.Items) == 0 {
				return "Only some goods may be paid with it, and the order names no items."
			}
			return fmt.Sprintf("Item %q may not be paid with it.", r.Item)
		},
	},
	{
		capability.ReasonHostUpdateRequired,
		func(c *decided) string {
			least := c.entry.LeastVersion(c.dev)
			if least == "" {
				return "No version of the app around the page is required."
			}
			if c.dev.Form == device.Desktop {
				return fmt.Sprintf("Another device scans, whatever the version of %s.", c.dev.Host)
			}
			return fmt.Sprintf("%s %s is not older than %s.", c.dev.Host, c.dev.HostVersion, least)
		},
		func(c *decided, r capability.Reason) string {
			return fmt.Sprintf("%s must be %s or newer, is %q.", r.Host, r.Version, c.dev.HostVersion)
		},
	},
	{
		capability.ReasonBlockedInContainer,
		func(c *decided) string {
			if c.entry.Hosts[c.dev.Host] == capability.WallOpen {
				return fmt.Sprintf("The document says that %s lets the wallet open.", c.dev.Host)
			}
			return "The app around the page does not block the wallet."
		},
		func(_ *decided, r capability.Reason) string { return fmt.Sprintf("%s blocks the wallet.", r.Host) },
	},
	{
		capability.ReasonNoRailOnDevice,
		func(c *decided) string {
			return fmt.Sprintf("The ladder of this device is %s.", ladder(c.entry.Ladder(c.dev)))
		},
		func(*decided, capability.Reason) string { return "No rail can work on this device." },
	},
	{
		capability.ReasonRailNotGranted,
		func(c *decided) string {
			return fmt.Sprintf("The merchant was granted %s.", list(c.entry.Rails)) + learnt(c)
		},
		func(c *decided, _ capability.Reason) string {
			return fmt.Sprintf("Of that ladder, the merchant was granted nothing: it has %s.", list(c.entry.Rails)) + learnt(c)
		},
	},
	{
		capability.ReasonNoAccount,
		func(*decided) string { return "The merchant has an account at the provider." },
		func(*decided, capability.Reason) string { return "The merchant has no account at the provider." },
	},
	{
		capability.ReasonProviderUnavailable,
		func(*decided) string { return "The provider can be reached." },
		func(*decided, capability.Reason) string { return "The provider can't be reached right now." },
	},
	{
		capability.ReasonHiddenByShop,
		func(*decided) string { return "The shop's page does not leave it out." },
		func(*decided, capability.Reason) string {
			return "The shop's page leaves it out (allow-methods, remove-methods)."
		},
	},
}

func learnt(c *decided) string {
	var s strings.Builder
	for _, l := range c.learnt {
		fmt.Fprintf(&s, " Learnt at %s: the provider refuses %s (%s); left out until %s, or morepay rails clear.", clock(l.At), l.Rail, l.Code, clock(l.Until))
	}
	return s.String()
}

func rollout(c *decided) string {
	r := c.entry.Rollout
	if r == nil {
		return "It is in no rollout."
	}
	s := fmt.Sprintf("%v%% of the payers are in; ", r.Percent)
	if c.order.Payer == "" {
		s += "this one has no key, so no bucket."
	} else {
		s += fmt.Sprintf("this one is in bucket %d of %d.", capability.Bucket(r.Salt, c.entry.Method, c.order.Payer), capability.Buckets)
	}
	if r.Batch != "" {
		s += fmt.Sprintf(" The merchant is in batch %s; open are %s.", r.Batch, list(c.doc.OpenBatches))
	}
	return s
}

func because(reason string) string {
	if reason == "" {
		return "."
	}
	return ": " + reason + "."
}

func bound(name, currency string, value int64) string {
	if value == 0 {
		return fmt.Sprintf("There is no %s.", name)
	}
	return fmt.Sprintf("The %s is %s.", name, amount(pay.Money{Currency: currency, Value: value}))
}

// amount returns money as people read it: 5980 CNY would be taken for yuan.
func amount(m pay.Money) string { return locale.Money("en", m) }

// instalments says in how many a choice may be paid.
func instalments(c capability.Choice) string {
	if len(c.Instalments) == 0 {
		return ""
	}
	return fmt.Sprintf("; at once, or in instalments: %v", c.Instalments)
}

func ladder(rails []pay.Rail) string { return joined(rails, ", then ") }

func list[T ~string](words []T) string { return joined(words, ", ") }

func joined[T ~string](words []T, separator string) string {
	if len(words) == 0 {
		return "none"
	}
	s := make([]string, len(words))
	for i, w := range words {
		s[i] = string(w)
	}
	return strings.Join(s, separator)
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }
