package unionpay

import (
	"errors"
	"fmt"
	"slices"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Codes that are more than a verdict. A6 is "done, with a defect": the money has moved
// (what it means is from memory).
var (
	done      = []string{"00", "A6"}
	unsettled = []string{"03", "04", "05", "70"} // no answer yet, unclear, accepted, the payer is typing
)

// duplicate is the code of a transaction whose number and time were used before.
const duplicate = "12"

// absent is the code of a transaction that is not known.
const absent = "34"

// busy are the codes of a gateway that did nothing: closed, in trouble, asked too often.
var busy = []string{"02", "06", "37"}

// ours are the codes of a request that can't be taken for a reason of its own or of the
// merchant's, whatever it asks.
var ours = map[string]provider.Refusal{
	"10": {Failure: pay.FailureRefused},                        // the form of the message
	"11": {Failure: pay.FailureRefused},                        // the signature
	"13": {Failure: pay.FailureRefused},                        // a field is missing
	"31": {Failure: pay.FailureRefused},                        // the merchant's state
	"32": {Failure: pay.FailureNotPermitted, NotGranted: true}, // not granted to the merchant
	"33": {Failure: pay.FailureExceeds},                        // over a limit
	"38": {Failure: pay.FailureRefused},                        // risk control
	"39": {Failure: pay.FailureTooLate},                        // outside the time in which it is taken
	"40": {Failure: pay.FailureRefused},                        // a card that is not bound
	"43": {Failure: pay.FailureNotPermitted, NotGranted: true}, // not granted for this business
}

// spoiled are the codes of a transaction that was tried and has failed, by what each says
// of a refund that did.
var spoiled = map[string]pay.RefundFailure{
	"01": pay.FailureClosed, "30": pay.FailureClosed, "33": pay.FailureExceeds, "38": pay.FailureClosed, "39": pay.FailureTooLate,
	"40": pay.FailureClosed, "43": pay.FailureNotPermitted, "44": pay.FailureClosed,
	// What the payer's bank says of the card.
	"60": pay.FailurePayerAccount, "61": pay.FailurePayerAccount, "62": pay.FailurePayerAccount, "63": pay.FailurePayerAccount,
	"64": pay.FailureClosed, "65": pay.FailureClosed, "66": pay.FailureClosed, "67": pay.FailureClosed, "68": pay.FailurePayerAccount,
	"71": pay.FailureClosed, "72": pay.FailurePayerAccount, "73": pay.FailurePayerAccount, "76": pay.FailureClosed, "77": pay.FailurePayerAccount,
	"78": pay.FailurePayerAccount, "79": pay.FailureClosed,
}

// ofRefund are the codes of a refund that is refused for what it asks.
var ofRefund = map[string]provider.Refusal{
	"34": {Failure: pay.FailureRefused}, // the payment is not known
	"35": {Failure: pay.FailureRefused}, // the payment's state
	"36": {Failure: pay.FailureExceeds}, // it doesn't fit the payment: more than is left
	"45": {Failure: pay.FailureExceeds}, // the payment was given back or revoked already
}

// refusal returns what an answer that is not "done" proves. own are the codes that the
// call has besides those of every call. Codes that are in no table prove nothing, and
// a person should look them up: UnionPay's table for them all is the same for every call.
func refusal(code string, own map[string]provider.Refusal) error {
	detail := "unionpay: answer " + provider.Clean(code)
	if slices.Contains(busy, code) {
		return fmt.Errorf("%s: %w", detail, &provider.Busy{})
	}
	if slices.Contains(unsettled, code) {
		return errors.New(detail)
	}
	for _, table := range []map[string]provider.Refusal{own, ours} {
		if r, ok := table[code]; ok {
			r.Code = provider.Clean(code)
			return fmt.Errorf("%s: %w", detail, &r)
		}
	}
	if failure, ok := spoiled[code]; ok {
		return fmt.Errorf("%s: %w", detail, &provider.Refusal{Code: provider.Clean(code), Failure: failure})
	}
	return fmt.Errorf("%s: %w", detail, &provider.Strange{Code: provider.Clean(code)})
}
