package merchantlink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

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
	status int
	body   []byte
}

// call sends a signed message about a payment. The reply must be signed too, and
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
	return reply{resp.StatusCode, answer}, nil
}

// verdicts says what a signed answer's status proves. One that isn't here, such
// as 429 and all 5xx, proves nothing.
var verdicts = map[int]error{
	http.StatusBadRequest:          provider.ErrRefused,
	http.StatusForbidden:           provider.ErrRefused,
	http.StatusUnprocessableEntity: provider.ErrRefused,
}

func (r reply) verdict() error {
	if verdict, ok := verdicts[r.status]; ok {
		return fmt.Errorf("merchantlink: answer %d: %w", r.status, verdict)
	}
	return unusable(fmt.Sprintf("answer %d", r.status))
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
