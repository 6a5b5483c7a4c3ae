package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Client calls the API of one merchant. It is safe for concurrent use; its fields are not
// to be changed then.
type Client struct {
	Origin string       // of the server, such as https://pay.example
	Key    string       // the merchant's secret key
	HTTP   *http.Client // nil for one that waits 10 seconds for an answer
}

var patient = &http.Client{Timeout: 10 * time.Second}

// How often a request is sent, and how long is waited between, unless the server says.
const (
	tries      = 3
	firstPause = 200 * time.Millisecond
	longest    = 10 * time.Second // that a call waits because the server says so
	maxAnswer  = 16 << 20         // bytes
)

// Option changes how a call is made.
type Option func(*call)

// IdempotencyKey names a call, so that it has no second effect if it is made again,
// within 24 hours, by another process too. Without it each call has a key of its own.
func IdempotencyKey(key string) Option { return func(c *call) { c.key = key } }

// call is one call of the API, however often it is sent.
type call struct {
	method, path string
	query        url.Values
	body         []byte
	key          string // of idempotency, for a POST
}

// get reads what is at a path.
func (c *Client) get(ctx context.Context, path string, query url.Values, into any) error {
	return c.make(ctx, &call{method: http.MethodGet, path: path, query: query}, into)
}

// post sends a body as JSON.
func (c *Client) post(ctx context.Context, path string, body, into any, options []Option) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	made := &call{method: http.MethodPost, path: path, body: b, key: rand.Text()}
	for _, o := range options {
		o(made)
	}
	return c.make(ctx, made, into)
}

// make sends a call until it is answered for good. A server that can't be reached, or that
// asks to come again, is asked again, with the same idempotency key.
func (c *Client) make(ctx context.Context, made *call, into any) error {
	for n := 1; ; n++ {
		err := c.send(ctx, made, into)
		pause, ok := pauseAfter(err, n)
		if !ok || n == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// pauseAfter is how long to wait after the nth try before the next; ok is false if that
// would be of no use.
func pauseAfter(err error, n int) (pause time.Duration, ok bool) {
	pause = firstPause << (n - 1)
	if refused, is := errors.AsType[*Error](err); is {
		return max(pause, refused.RetryAfter), refused.again() && refused.RetryAfter <= longest
	}
	_, unreached := errors.AsType[*url.Error](err)
	return pause, unreached && !errors.Is(err, context.Canceled)
}

func (c *Client) send(ctx context.Context, made *call, into any) error {
	address := c.Origin + made.path
	if len(made.query) > 0 {
		address += "?" + made.query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, made.method, address, bytes.NewReader(made.body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.Key)
	if made.method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", made.key)
	}
	client := c.HTTP
	if client == nil {
		client = patient
	}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return &url.Error{Op: made.method, URL: address, Err: err}
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return errorOf(resp, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s %s: the answer can't be read: %w", made.method, made.path, err)
	}
	return nil
}
