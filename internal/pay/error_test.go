package pay_test

import (
	"errors"
	"fmt"
	"testing"

	"morepay/internal/pay"
)

func TestError(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk full")
	tests := []struct {
		name string
		err  error
		code pay.Code
		text string
	}{
		{"code-only", &pay.Error{Code: pay.CodeNotFound}, pay.CodeNotFound, "not_found"},
		{
			"with-a-field", pay.Errorf(pay.CodeInvalid, "amount.value", "must be at least %d", 1), pay.CodeInvalid,
			"invalid_request (amount.value): must be at least 1",
		},
		{
			"with-a-cause", pay.Wrap(pay.CodeStoreDown, cause, "the store failed"), pay.CodeStoreDown,
			"store_unavailable: the store failed: disk full",
		},
		{"wrapped", fmt.Errorf("load: %w", pay.Errorf(pay.CodeConflict, "", "no")), pay.CodeConflict, "load: conflict: no"},
		{"foreign", cause, pay.CodeInternal, "disk full"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := pay.CodeOf(test.err); got != test.code {
				t.Errorf("its code is %s, want %s", got, test.code)
			}
			if got := test.err.Error(); got != test.text {
				t.Errorf("it reads %q, want %q", got, test.text)
			}
		})
	}
	if !errors.Is(tests[2].err, cause) {
		t.Error("the cause is lost")
	}
}

func TestCodesAreListedOnce(t *testing.T) {
	t.Parallel()
	seen := map[pay.Code]bool{}
	for _, code := range pay.Codes {
		if code == "" || seen[code] {
			t.Errorf("code %q is listed twice, or empty", code)
		}
		seen[code] = true
	}
}
