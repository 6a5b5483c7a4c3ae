package pay

import (
	"errors"
	"fmt"
)

// Code names a kind of error. The list is closed; httpd has one table from code
// to HTTP status, locale one sentence per code that payers can meet.
type Code string

// The codes.
const (
	CodeInvalid           Code = "invalid_request"
	CodeUnauthorized      Code = "unauthorized"
	CodeForbidden         Code = "forbidden"
	CodeScopeMissing      Code = "scope_missing"
	CodeNotFound          Code = "not_found"
	CodeMethodNotAllowed  Code = "method_not_allowed"
	CodeConflict          Code = "conflict"
	CodePrecondition      Code = "precondition_failed"
	CodeSessionNotOpen    Code = "session_not_open"
	CodeReferenceOpen     Code = "reference_open"
	CodeMethodUnavailable Code = "method_unavailable"
	CodeFormExpired       Code = "form_expired"
	CodeTooManyAttempts   Code = "too_many_attempts"
	CodeRateLimited       Code = "rate_limited"
	CodeIdempotency       Code = "idempotency_conflict"
	CodeCursorExpired     Code = "cursor_expired"
	CodeBodyTooLarge      Code = "body_too_large"
	CodeBodyIncomplete    Code = "body_incomplete"
	CodeRefundExceeds     Code = "refund_exceeds_receipts"
	CodeProviderRefused   Code = "provider_refused"
	CodeProviderDown      Code = "provider_unavailable"
	CodeStoreDown         Code = "store_unavailable"
	CodeInternal          Code = "internal"
)

// Codes lists all of them.
var Codes = []Code{
	CodeInvalid, CodeUnauthorized, CodeForbidden, CodeScopeMissing, CodeNotFound, CodeMethodNotAllowed, CodeConflict, CodePrecondition, CodeSessionNotOpen, CodeReferenceOpen,
	CodeMethodUnavailable, CodeFormExpired, CodeTooManyAttempts, CodeRateLimited, CodeIdempotency, CodeCursorExpired,
	CodeBodyTooLarge, CodeBodyIncomplete, CodeRefundExceeds, CodeProviderRefused, CodeProviderDown,
	CodeStoreDown, CodeInternal,
}

// Error is an error with two faces: Code, Field and Message may be shown to the
// caller; Err is for the log only.
type Error struct {
	Code    Code
	Field   string // dotted path of the input at fault, or ""
	Message string // one English sentence for developers
	Err     error  // private cause, or nil
}

func (e *Error) Error() string {
	s := string(e.Code)
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error without a private cause. field may be "".
func Errorf(code Code, field, format string, args ...any) *Error {
	return &Error{Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error whose cause only the log sees.
func Wrap(code Code, err error, message string) *Error {
	return &Error{Code: code, Message: message, Err: err}
}

// CodeOf returns the code of err; anything that is not an *Error is internal.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
