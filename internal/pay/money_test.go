package pay_test

import (
	"testing"

	"morepay/internal/pay"
)

func TestExponent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		currency string
		want     int
	}{
		{"CNY", 2}, {"USD", 2}, {"JPY", 0}, {"KRW", 0}, {"KWD", 3}, {"CLF", 4}, {"XXX", 2}, {"", 2},
	}
	for _, test := range tests {
		if got := pay.Exponent(test.currency); got != test.want {
			t.Errorf("Exponent(%q) is %d, want %d", test.currency, got, test.want)
		}
	}
	if got := price.String(); got != "5980 CNY" {
		t.Errorf("money is %q in a log", got)
	}
}
