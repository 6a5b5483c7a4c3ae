package merchantlink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// maxAge limits how far the timestamp of a message may lie from now, either way
// (Standard Webhooks).
const maxAge = 5 * time.Minute

// maxMessageID is the longest webhook-id that is taken, in bytes.
const maxMessageID = 128

// verify checks the signature of a message over its raw bytes and returns its
// id.
func (a *account) verify(header http.Header, body []byte) (id string, err error) {
	seconds, err := strconv.ParseInt(header.Get(webhooks.HeaderWebhookTimestamp), 10, 64)
	if err != nil {
		return "", errors.New("the signature has no timestamp")
	}
	if age := a.env.Now().Unix() - seconds; age >= int64(maxAge.Seconds()) || age <= -int64(maxAge.Seconds()) {
		return "", fmt.Errorf("the signature is %d seconds old", age)
	}
	id = header.Get(webhooks.HeaderWebhookID)
	if id == "" || len(id) > maxMessageID {
		return "", errors.New("the message has no id")
	}
	if a.key.VerifyIgnoringTimestamp(body, header) != nil {
		return "", errors.New("the signature is wrong")
	}
	return id, nil
}

// reply is a signed answer of the cashier.
type reply struct {
	status     int
	body       []byte
	retryAfter time.Duration
}

// call sends a signed message of an id. The reply must be signed too, and
// be the one to this message; else it says nothing and is an error.
func (a *account) call(ctx context.Context, method, address, id string, body []byte) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return reply{}, unusable("the request can't be made")
	}
	now := a.env.Now()
	signature, err := a.key.Sign(id, now, body)
	if err != nil {
		return reply{}, unusable("the request can't be signed")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(webhooks.HeaderWebhookID, id)
	request.Header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(webhooks.HeaderWebhookSignature, signature)
	resp, err := a.http.Do(request)
	if err != nil {
		return reply{}, redact(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, unusable("the answer was cut short or is too long")
	}
	answeredID, err := a.verify(resp.Header, answer)
	if err != nil {
		return reply{}, unusable(fmt.Sprintf("answer %d: %v", resp.StatusCode, err))
	}
	if answeredID != id {
		return reply{}, unusable("the answer is to another message")
	}
	return reply{resp.StatusCode, answer, retryAfter(resp.Header)}, nil
}

// refusals lists the statuses that refuse a message for good.
var refusals = []int{http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity}

// refusalCodes says what the code in a refusal's body means; one that isn't here, or
// none, is a refusal for a reason of the cashier's own.
var refusalCodes = map[string]provider.Refusal{
	"not_granted": {NotGranted: true, Failure: pay.FailureNotPermitted},
	"too_late":    {Failure: pay.FailureTooLate},
	"exceeds":     {Failure: pay.FailureExceeds},
}

// codeBalance is the code of a refund that the merchant's balance is too low for.
const codeBalance = "balance"

// maxRetryAfter bounds how long a cashier can have us wait.
const maxRetryAfter = time.Minute

// verdict returns what a signed answer proves that is not the one that was asked for.
// 5xx prove nothing, and no more does a status that the protocol does not have.
func (r reply) verdict() error {
	detail := fmt.Sprintf("merchantlink: answer %d", r.status)
	switch {
	case slices.Contains(refusals, r.status):
		refusal := refusalCodes[r.code()]
		refusal.Code = provider.Clean(r.code())
		return fmt.Errorf("%s: %w", detail, &refusal)
	case r.status == http.StatusTooManyRequests:
		return fmt.Errorf("%s: %w", detail, &provider.Busy{RetryAfter: r.retryAfter})
	case r.status >= 400 && r.status <= 499:
		return fmt.Errorf("%s: %w", detail, &provider.Strange{Code: strconv.Itoa(r.status)})
	}
	return errors.New(detail)
}

// code returns the code that a refusal gives for itself, or "".
func (r reply) code() string {
	var body struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(r.body, &body) != nil {
		return ""
	}
	return body.Code
}

// retryAfter returns the pause that an answer asks for, in whole seconds; 0 for none.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}

// unusable returns the error of an answer that proves nothing. The text is ours and safe to log.
func unusable(reason string) error { return errors.New("merchantlink: " + reason) }

// redact keeps addresses, which net/http prints, out of the log.
func redact(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("merchantlink: no answer: %w", u.Err)
	}
	return unusable("no answer")
}
