package httpd

import (
	"net/http"

	"morepay/internal/pay"
)

// codeRow says what a code means to whoever gets it.
type codeRow struct {
	status  int // of HTTP
	meaning string
	remedy  string
}

// codes is the one table of what codes mean, from which docs/api.md has its own.
var codes = map[pay.Code]codeRow{
	pay.CodeInvalid: {
		http.StatusBadRequest,
		"The request can't be understood or breaks a rule; `field` names what.", "Correct it: sent again unchanged it fails again.",
	},
	pay.CodeUnauthorized: {
		http.StatusUnauthorized,
		"There is no key, or one that is not known.", "Send `Authorization: Bearer sk_…` with a key in force.",
	},
	pay.CodeForbidden: {
		http.StatusForbidden,
		"The caller may not do that.", "Use another key, or another page.",
	},
	pay.CodeScopeMissing: {
		http.StatusForbidden,
		"The key may not do that; `message` and `WWW-Authenticate` name the scope that it lacks.", "Use a key that has the scope.",
	},
	pay.CodeNotFound: {
		http.StatusNotFound,
		"There is nothing of that name, or it is another merchant's.", "Check the address and the id, and that the key is of the same merchant and mode.",
	},
	pay.CodeMethodNotAllowed: {
		http.StatusMethodNotAllowed,
		"The address is right, the HTTP method is not.", "Use one of those in `Allow`.",
	},
	pay.CodeConflict: {
		http.StatusConflict,
		"What is there now does not allow it, such as a refund of what was not paid.", "Read the object again and decide anew.",
	},
	pay.CodePrecondition: {
		http.StatusPreconditionFailed,
		"Somebody else has changed it since you read it.", "Read it again, and send your change on top of the new version.",
	},
	pay.CodeSessionNotOpen: {
		http.StatusConflict,
		"The session is paid, expired or canceled.", "Read the session; make a new one if the order is still to be paid.",
	},
	pay.CodeReferenceOpen: {
		http.StatusConflict,
		"Another `exclusive` session of this `merchant_reference` is open, or was canceled and has an order that can still be paid: `session` is its id.", "Send the payer to its page, or end it and make a new one: once its code is closed, which takes five minutes at most where the provider answers. After an answer of 5xx it may be the one that you have just asked for.",
	},
	pay.CodeMethodUnavailable: {
		http.StatusUnprocessableEntity,
		"That method can't pay this order on this device.", "Offer another: `decide` says which, and why not the rest.",
	},
	pay.CodeFormExpired: {
		http.StatusForbidden,
		"The page's form is too old, or of another session.", "Load the page again.",
	},
	pay.CodeTooManyAttempts: {
		http.StatusTooManyRequests,
		"The session has had as many attempts as it may.", "Make a new session.",
	},
	pay.CodeRateLimited: {
		http.StatusTooManyRequests,
		"The budget of calls is used up.", "Wait for `Retry-After` seconds.",
	},
	pay.CodeIdempotency: {
		http.StatusConflict,
		"The `Idempotency-Key` was used for something else.", "Send a new key with each new thing, the same one with repeats only.",
	},
	pay.CodeCursorExpired: {
		http.StatusGone,
		"The place in the list is gone, or was never in it.", "Begin the list anew without `after`.",
	},
	pay.CodeBodyTooLarge: {
		http.StatusRequestEntityTooLarge,
		"The body is longer than this call takes.", "Shorten it: `message` says to how much.",
	},
	pay.CodeBodyIncomplete: {
		http.StatusRequestTimeout,
		"The body ended before its `Content-Length`, or took too long.", "Send it again with the same `Idempotency-Key`.",
	},
	pay.CodeRefundExceeds: {
		http.StatusUnprocessableEntity,
		"More than is left of what was received.", "Ask for at most `payment.amount_refundable`.",
	},
	pay.CodeProviderRefused: {
		http.StatusBadGateway,
		"The provider has refused, for good.", "Offer another method; the provider's words are in the log.",
	},
	pay.CodeProviderDown: {
		http.StatusServiceUnavailable,
		"The provider does not answer.", "Try again after `Retry-After`, with the same `Idempotency-Key`.",
	},
	pay.CodeStoreDown: {
		http.StatusServiceUnavailable,
		"Nothing can be stored at present, so nothing was done.", "Try again after `Retry-After`, with the same `Idempotency-Key`.",
	},
	pay.CodeInternal: {
		http.StatusInternalServerError,
		"A mistake on our side.", "Try again with the same `Idempotency-Key`; tell the operator the `Request-Id`.",
	},
}

// errNotFound answers for whatever is not there.
var errNotFound = pay.Errorf(pay.CodeNotFound, "", "there is nothing here")

// StatusOf returns the status of HTTP that an error has: 500 for what nobody has foreseen.
func StatusOf(err error) int { return codes[pay.CodeOf(err)].status }
