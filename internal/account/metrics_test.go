package account_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/account"
	"morepay/internal/provider"
)

// holder holds keys, and must not be asked for others.
type holder struct {
	named
	t    *testing.T
	list []provider.Key
}

func (h holder) Keys() []provider.Key { return h.list }

func (h holder) RenewKeys(context.Context) error {
	h.t.Error("a scrape asks the provider for keys")
	return nil
}

// When keys end is told without asking anybody.
func TestKeyEnds(t *testing.T) {
	t.Parallel()
	metrics := prometheus.NewRegistry()
	r := account.NewRegistry(metrics)
	for _, p := range []struct {
		merchant, id string
		provider     provider.Provider
	}{
		{"shop", "wechatpay", holder{named{name: "1900000001"}, t, []provider.Key{
			{ID: "PUB_KEY_ID_1", Use: provider.KeyTheirs},
			{ID: "7A11", Use: provider.KeyTheirs, Ends: time.Unix(1795833297, 0)},
			{ID: "7A11", Use: provider.KeyOurs, Ends: time.Unix(1695833297, 0)},
		}}},
		{"shop", "alipay", named{name: "2088"}},
		{"branch", "wechatpay", holder{named{name: "1900000001"}, t, nil}}, // shares the first
	} {
		if err := r.Add(p.merchant, p.id, p.provider); err != nil {
			t.Fatal(err)
		}
	}
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range families {
		if f.GetName() != "morepay_provider_key_ends_timestamp_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			text := ""
			for _, l := range m.GetLabel() {
				text += l.GetName() + "=" + l.GetValue() + " "
			}
			got = append(got, text+strconv.FormatFloat(m.GetGauge().GetValue(), 'f', 0, 64))
		}
	}
	want := []string{
		"account=1900000001 id=7A11 merchant=shop provider=wechatpay use=ours 1695833297",
		"account=1900000001 id=7A11 merchant=shop provider=wechatpay use=theirs 1795833297",
		"account=1900000001 id=PUB_KEY_ID_1 merchant=shop provider=wechatpay use=theirs +Inf",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
