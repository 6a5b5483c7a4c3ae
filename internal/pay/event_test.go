package pay_test

import (
	"testing"

	"morepay/internal/pay"
)

func TestWebhookEvents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		event pay.EventType
		want  bool
	}{
		{pay.EventSessionCreated, false},
		{pay.EventSessionPaid, true},
		{pay.EventSessionPaidLate, true},
		{pay.EventSessionExpired, true},
		{pay.EventSessionCanceled, true},
		{pay.EventSessionExtended, true},
		{pay.EventAttemptBegun, false},
		{pay.EventAttemptAwaiting, false},
		{pay.EventAttemptClosed, false},
		{pay.EventAttemptFailed, false},
		{pay.EventSurplus, true},
		{pay.EventRefundCreated, false},
		{pay.EventRefundSucceeded, true},
		{pay.EventRefundFailed, true},
		{"nonsense", false},
	}
	for _, test := range tests {
		if got := test.event.Webhook(); got != test.want {
			t.Errorf("merchants hear of %s: %t, want %t", test.event, got, test.want)
		}
	}
}
