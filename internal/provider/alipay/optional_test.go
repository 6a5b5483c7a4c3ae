package alipay_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/pay"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

// Orders say what is set, by the rails that take it, and nothing else.
func TestOptionalFields(t *testing.T) {
	t.Parallel()
	set := map[string]any{
		"store_id": "NJ_001", "terminal_id": "T-1", "operator_id": "yx.1", "goods_type": "1",
		"disable_pay_channels": "creditCard,pcredit", "sys_service_provider_id": "2088000000000005",
	}
	everywhere := map[string]any{
		"store_id": "NJ_001", "disable_pay_channels": "creditCard,pcredit",
		"extend_params": map[string]any{"sys_service_provider_id": "2088000000000005"},
	}
	names := []string{"store_id", "terminal_id", "operator_id", "goods_type", "enable_pay_channels", "disable_pay_channels", "extend_params"}
	for rail, more := range map[pay.Rail]map[string]any{
		pay.RailQR:       {"terminal_id": "T-1", "operator_id": "yx.1"},
		pay.RailJSAPI:    {"terminal_id": "T-1", "operator_id": "yx.1"},
		pay.RailDeepLink: {"goods_type": "1"},
		pay.RailRedirect: {"goods_type": "1"},
	} {
		for change, want := range map[*map[string]any]map[string]any{&set: providertest.With(everywhere, more), {}: {}} {
			raw, err := openWith(t, providertest.Nowhere, *change).Request(order(rail))
			if err != nil {
				t.Fatal(err)
			}
			var request struct{ Content map[string]any }
			if err := json.Unmarshal(raw, &request); err != nil {
				t.Fatal(err)
			}
			got := map[string]any{}
			for _, name := range names {
				if v, ok := request.Content[name]; ok {
					got[name] = v
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", rail, diff)
			}
		}
	}
}

func TestOptionalFieldsRefused(t *testing.T) {
	t.Parallel()
	for field, values := range map[string][]string{
		"store_id":                {"a b", strings.Repeat("a", 33), "店"},
		"terminal_id":             {"a&b", strings.Repeat("a", 33)},
		"operator_id":             {"a/b", strings.Repeat("a", 29)},
		"goods_type":              {"2", "real"},
		"enable_pay_channels":     {"a,", ",a", "a b", strings.Repeat("a", 129)},
		"disable_pay_channels":    {"a;b", strings.Repeat("a", 129)},
		"sys_service_provider_id": {"1088000000000005", "2088"},
	} {
		for _, value := range values {
			settings := providertest.With(goodSettings(), map[string]any{field: value})
			_, err := alipay.Open([]byte(providertest.JSON(t, settings)), providertest.Env(providertest.Nowhere, keyFiles()))
			if wrong, ok := errors.AsType[*pay.Error](err); !ok || wrong.Field != field {
				t.Errorf("%s %q: got %v", field, value, err)
			}
		}
	}
	both := providertest.With(goodSettings(), map[string]any{"enable_pay_channels": "balance", "disable_pay_channels": "pcredit"})
	if _, err := alipay.Open([]byte(providertest.JSON(t, both)), providertest.Env(providertest.Nowhere, keyFiles())); err == nil {
		t.Error("channels both allowed and not were taken")
	}
}
