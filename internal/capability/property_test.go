package capability_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"morepay/internal/capability"
	"morepay/internal/capability/capabilitytest"
	"morepay/internal/capability/document"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// situation is everything that a decision depends on.
type situation struct {
	doc   *capability.Document
	order capability.Order
	dev   device.Device
	now   time.Time
}

func anySituation(roll capabilitytest.Dice) situation {
	return situation{capabilitytest.AnyDocument(roll), capabilitytest.AnyOrder(roll), capabilitytest.Pick(roll, capabilitytest.Devices), capabilitytest.AnyTime(roll)}
}

func (s situation) decide() capability.Decision {
	return capability.Decide(s.doc, s.order, s.dev, s.now)
}

// forAll checks a rule in any situation, and shows the one in which it fails.
func forAll(t *testing.T, rule func(t *rapid.T, roll capabilitytest.Dice, s situation)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		roll := capabilitytest.Rapid(t)
		s := anySituation(roll)
		t.Log(capabilitytest.Describe(s.doc, s.order, s.dev, s.now))
		rule(t, roll, s)
	})
}

func (s situation) clone(t *rapid.T) situation {
	doc, err := document.Decode(s.doc.JSON())
	if err != nil {
		t.Fatalf("a generated document is refused:\n%v", err)
	}
	s.doc = doc
	s.order.Items = slices.Clone(s.order.Items)
	return s
}

func codes(c capability.Choice) []capability.ReasonCode {
	var list []capability.ReasonCode
	for _, r := range c.Reasons {
		list = append(list, r.Code)
	}
	return list
}

func TestEitherLadderOrReasons(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, _ capabilitytest.Dice, s situation) {
		for _, c := range s.decide().Choices {
			if (len(c.Ladder) > 0) == (len(c.Reasons) > 0) {
				t.Errorf("%s has ladder %v and reasons %v", c.Method, c.Ladder, c.Reasons)
			}
			if !slices.IsSortedFunc(codes(c), byCode) {
				t.Errorf("%s has reasons out of order: %v", c.Method, c.Reasons)
			}
		}
	})
}

func byCode(a, b capability.ReasonCode) int {
	all := capability.ReasonCodes()
	return slices.Index(all, a) - slices.Index(all, b)
}

// groups are in the order in which they stand on the page.
var groups = []capability.Group{
	capability.GroupPrimary, capability.GroupMore, capability.GroupElsewhere, capability.GroupUnavailable, capability.GroupHidden,
}

func TestGroups(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, _ capabilitytest.Dice, s situation) {
		choices := s.decide().Choices
		if len(choices) != len(s.doc.Methods) {
			t.Fatalf("%d choices for %d methods", len(choices), len(s.doc.Methods))
		}
		count := map[capability.Group]int{}
		last := 0
		for i, c := range choices {
			if c.Rank != i+1 || s.doc.Method(c.Method) == nil {
				t.Errorf("%s has rank %d at place %d", c.Method, c.Rank, i+1)
			}
			group := slices.Index(groups, c.Group)
			if group < last {
				t.Errorf("%s of group %q stands after one of %q", c.Method, c.Group, groups[last])
			}
			last = group
			count[c.Group]++
			shown, offered := c.Group != capability.GroupHidden, c.Group != capability.GroupHidden && c.Group != capability.GroupUnavailable
			if c.Shown() != shown || c.Offered() != offered {
				t.Errorf("%s is in group %q with ladder %v and reasons %v", c.Method, c.Group, c.Ladder, c.Reasons)
			}
			if c.Group == capability.GroupElsewhere && (s.dev.Form == device.Desktop || c.Ladder[0] != pay.RailPageQR) {
				t.Errorf("%s is elsewhere on %s with ladder %v", c.Method, s.dev.Profile, c.Ladder)
			}
		}
		if rows := count[capability.GroupPrimary] + count[capability.GroupMore]; count[capability.GroupPrimary] < min(rows, s.doc.Visible) {
			t.Errorf("%d of %d rows are visible, want %d", count[capability.GroupPrimary], rows, s.doc.Visible)
		}
		if count[capability.GroupMore] == 1 {
			t.Error("a single method is folded away")
		}
	})
}

// TestWhatWorksHereIsFirst: no wish of a merchant puts a method that needs another
// device before one that works on this.
func TestWhatWorksHereIsFirst(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, _ capabilitytest.Dice, s situation) {
		elsewhere := false
		for _, c := range s.decide().Choices {
			if !c.Offered() {
				continue
			}
			here := c.Ladder[0] != pay.RailPageQR
			if here && elsewhere {
				t.Errorf("%s works here and stands after one that does not", c.Method)
			}
			elsewhere = elsewhere || !here
		}
	})
}

// TestOrderOfTheFile: the methods' order settles ties; everything else in a
// document but ranking is a set.
func TestOrderOfTheFile(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, roll capabilitytest.Dice, s situation) {
		other := s.clone(t)
		other.doc.OpenBatches = capabilitytest.Shuffled(roll, other.doc.OpenBatches)
		for i := range other.doc.Methods {
			m := &other.doc.Methods[i]
			m.Rails = capabilitytest.Shuffled(roll, m.Rails)
			m.Currencies = capabilitytest.Shuffled(roll, m.Currencies)
			m.Regions = capabilitytest.Shuffled(roll, m.Regions)
		}
		if !s.decide().Equal(other.decide()) {
			t.Errorf("got %v, shuffled %v", s.decide(), other.decide())
		}
		other.doc.Methods = capabilitytest.Shuffled(roll, other.doc.Methods)
		other.order.Items = capabilitytest.Shuffled(roll, other.order.Items)
		for _, c := range s.decide().Choices {
			shuffled, _ := other.decide().Choice(c.Method)
			if !slices.Equal(codes(c), codes(shuffled)) || !slices.Equal(c.Ladder, shuffled.Ladder) {
				t.Errorf("%s: another order of methods and items makes %v %v of %v %v", c.Method, shuffled.Ladder, codes(shuffled), c.Ladder, codes(c))
			}
		}
	})
}

func TestArgumentsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, _ capabilitytest.Dice, s situation) {
		before, order := string(s.doc.JSON()), asJSON(t, s.order)
		d := s.decide()
		for _, c := range d.Choices {
			for i := range c.Ladder {
				c.Ladder[i] = "scribble" // a caller's copy, not the table's
			}
		}
		if string(s.doc.JSON()) != before || asJSON(t, s.order) != order {
			t.Error("deciding changed the document or the order")
		}
		for _, c := range s.decide().Choices {
			if slices.Contains(c.Ladder, "scribble") {
				t.Error("two decisions share a ladder")
			}
		}
	})
}

func asJSON(t *rapid.T, v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// ladders returns the offered rails by method.
func ladders(d capability.Decision) map[pay.Method][]pay.Rail {
	m := map[pay.Method][]pay.Rail{}
	for _, c := range d.Choices {
		m[c.Method] = c.Ladder
	}
	return m
}

// only fails if the second decision offers a rail that the first does not.
func only(t *rapid.T, what string, wider, narrower capability.Decision) {
	for m, ladder := range ladders(narrower) {
		for _, r := range ladder {
			if !wider.Allows(m, r) {
				t.Errorf("%s took %s away from %s", what, r, m)
			}
		}
	}
}

func TestAGrantNeverTakesAway(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, roll capabilitytest.Dice, s situation) {
		granted := s.clone(t)
		m := &granted.doc.Methods[roll(len(granted.doc.Methods))]
		if r := capabilitytest.Pick(roll, method.Find(m.Method).Grants()); !slices.Contains(m.Rails, r) {
			m.Rails = append(m.Rails, r)
		}
		only(t, "a grant", granted.decide(), s.decide())
	})
}

func TestWiderLimitsNeverTakeAway(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, roll capabilitytest.Dice, s situation) {
		wider := s.clone(t)
		for i := range wider.doc.Methods {
			for c, l := range wider.doc.Methods[i].Limits {
				l.Min = max(0, l.Min-int64(roll(100)))
				if l.Max != 0 {
					l.Max += int64(roll(100))
				}
				wider.doc.Methods[i].Limits[c] = l
			}
		}
		only(t, "a wider limit", wider.decide(), s.decide())
	})
}

// TestAmountsBetweenAreOffered: if two amounts can be paid, so can any between.
func TestAmountsBetweenAreOffered(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, roll capabilitytest.Dice, s situation) {
		low, middle, high := s, s, s
		middle.order.Amount.Value += int64(roll(3000))
		high.order.Amount.Value = middle.order.Amount.Value + int64(roll(3000))
		for _, c := range middle.decide().Choices {
			before, _ := low.decide().Choice(c.Method)
			after, _ := high.decide().Choice(c.Method)
			if before.Offered() && after.Offered() && !c.Offered() {
				t.Errorf("%s takes %d and %d, not %d", c.Method, low.order.Amount.Value, high.order.Amount.Value, middle.order.Amount.Value)
			}
		}
	})
}

func TestANewerHostNeverTakesAway(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, roll capabilitytest.Dice, s situation) {
		newer := s
		newer.dev.HostVersion = capabilitytest.Pick(roll, capabilitytest.Versions)
		if device.CompareVersions(newer.dev.HostVersion, s.dev.HostVersion) < 0 {
			newer, s = s, newer
		}
		only(t, "an update", newer.decide(), s.decide())
	})
}

func TestRaisingARolloutKeepsEveryone(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, roll capabilitytest.Dice, s situation) {
		raised := s.clone(t)
		for i := range raised.doc.Methods {
			if r := raised.doc.Methods[i].Rollout; r != nil {
				r.Percent = min(100, r.Percent+float64(roll(5000))/100)
			}
		}
		raised.doc.OpenBatches = append(raised.doc.OpenBatches, "another")
		only(t, "a higher percentage", raised.decide(), s.decide())
	})
}

func TestAnOutageOnlyTakesItsMethods(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, roll capabilitytest.Dice, s situation) {
		s.order.Down = nil
		down := s
		down.order.Down = []pay.Method{capabilitytest.Pick(roll, method.IDs())}
		for _, c := range down.decide().Choices {
			before, _ := s.decide().Choice(c.Method)
			want := before.Ladder
			if c.Method == down.order.Down[0] {
				want = nil
			}
			if !slices.Equal(c.Ladder, want) {
				t.Errorf("%s has %v, before %v", c.Method, c.Ladder, before.Ladder)
			}
		}
	})
}

// TestLaddersComeFromTheTable: a merchant's document can open an app to a method and
// thin a ladder out, and do nothing else to it.
func TestLaddersComeFromTheTable(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, _ capabilitytest.Dice, s situation) {
		for _, c := range s.decide().Choices {
			rest := s.doc.Method(c.Method).Ladder(s.dev)
			for _, r := range c.Ladder {
				i := slices.Index(rest, r)
				if i < 0 {
					t.Fatalf("%s: %v is no part of the device's ladder", c.Method, c.Ladder)
				}
				rest = rest[i+1:]
				if r != pay.RailPageQR && !slices.Contains(s.doc.Method(c.Method).Rails, r) {
					t.Errorf("%s: %s was not granted", c.Method, r)
				}
			}
		}
	})
}
