package retention_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/pay"
	"morepay/internal/retention"
)

const day = 24 * time.Hour

func TestParse(t *testing.T) {
	with := func(adjust func(retention.Policy)) retention.Policy {
		p := retention.Default()
		adjust(p)
		return p
	}
	for text, want := range map[string]retention.Policy{
		"": retention.Default(),
		"unpaid=30d,events=30d,raw=90d,ledgers=400d": retention.Default(),
		"raw=7d":              with(func(p retention.Policy) { p[retention.Raw] = 7 * day }),
		" raw=0 , ":           with(func(p retention.Policy) { p[retention.Raw] = 0 }),
		"unpaid=7d,events=7d": with(func(p retention.Policy) { p[retention.Unpaid], p[retention.Events] = 7*day, 7*day }),
		"unpaid=never,ledgers=never,events=never": with(func(p retention.Policy) {
			p[retention.Unpaid], p[retention.Ledgers], p[retention.Events] = 0, 0, 0
		}),
		"ledgers=36500d": with(func(p retention.Policy) { p[retention.Ledgers] = 36500 * day }),
	} {
		got, err := retention.Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, field := range map[string]string{
		"sessions=30d":               "sessions",
		"erasing=30d":                "erasing",
		"raw":                        "raw",
		"raw=":                       "raw",
		"raw=90":                     "raw",
		"raw=90h":                    "raw",
		"raw=-90d":                   "raw",
		"raw=1d":                     "raw",
		"raw=36501d":                 "raw",
		"raw=99999999999999999999d":  "raw",
		"raw=90d,raw=91d":            "raw",
		"unpaid=7d":                  "events", // its events would hold it
		"events=never":               "events",
		"events=500d,unpaid=never":   "events",
		"unpaid=30d,ledgers=30d;raw": "ledgers",
	} {
		_, err := retention.Parse(text)
		refusal, ok := errors.AsType[*pay.Error](err)
		if !ok || refusal.Code != pay.CodeInvalid || refusal.Field != field {
			t.Errorf("%q: got %v, want %s about %s", text, err, pay.CodeInvalid, field)
		}
	}
}
