package wechatpay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

	"morepay/internal/provider"
)

// background is for calls of the SDK that neither wait nor send anything.
var background = context.Background()

// maxAge limits how far the timestamp of a signature may lie from now, either way
// (WeChat Pay's own rule).
const maxAge = 300 * time.Second

// publicKeyPrefix begins the names of public keys; those of certificates are serials.
const publicKeyPrefix = "PUB_KEY_ID_"

// signatureType is the only scheme of a merchant with RSA keys; an absent header
// means it.
const signatureType = "WECHATPAY2-SHA256-RSA2048"

// verify checks WeChat Pay's signature over the raw bytes of a reply or of a
// notification, whoever asks and whatever host they came from. WeChat Pay sends
// probes with a wrong signature on purpose; they fail like any other.
//
// The SDK's own handlers read the wall clock and print the whole message in
// their errors; its verifier, which does the arithmetic, is used here.
func (a *account) verify(ctx context.Context, header http.Header, body []byte) error {
	return a.verifyBy(ctx, a.keys, header, body)
}

func (a *account) verifyBy(ctx context.Context, by *keys, header http.Header, body []byte) error {
	if t := header.Get("Wechatpay-Signature-Type"); t != "" && t != signatureType {
		return fmt.Errorf("the signature is of type %s", provider.Clean(t))
	}
	stamp := header.Get(consts.WechatPayTimestamp)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("the signature has no timestamp")
	}
	if age := a.env.Now().Unix() - seconds; age >= int64(maxAge.Seconds()) || age <= -int64(maxAge.Seconds()) {
		return fmt.Errorf("the signature is %d seconds old", age)
	}
	nonce, signature := header.Get(consts.WechatPayNonce), header.Get(consts.WechatPaySignature)
	if nonce == "" || signature == "" {
		return errors.New("the signature is missing")
	}
	serial := header.Get(consts.WechatPaySerial)
	key, err := by.named(ctx, serial)
	if err != nil {
		return err
	}
	message := stamp + "\n" + nonce + "\n" + string(body) + "\n"
	if verifiers.NewSHA256WithRSAPubkeyVerifier(serial, *key).Verify(ctx, serial, message, signature) != nil {
		return errors.New("the signature is wrong")
	}
	return nil
}

// unusable is a reply that proves nothing. Its text is ours and safe to log.
type unusable struct{ reason string }

func (u *unusable) Error() string { return u.reason }

// replies is the SDK's hook for verifying what it received.
type replies struct{ *account }

func (r replies) Validate(ctx context.Context, resp *http.Response) error {
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return &unusable{"the reply was cut short or too long"}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if err := r.verify(ctx, resp.Header, body); err != nil {
		return &unusable{err.Error()}
	}
	return nil
}

// GetAcceptSerial names the key that replies are to be signed with.
func (r replies) GetAcceptSerial(ctx context.Context) (string, error) {
	name, _, err := r.keys.current(ctx)
	return name, err
}

// unsigned lets the download of a bill through: its bytes are checked against
// the hash in the signed reply that named the download.
type unsigned struct{}

func (unsigned) Validate(context.Context, *http.Response) error { return nil }

func (unsigned) GetAcceptSerial(context.Context) (string, error) {
	return "", errors.New("downloads are not signed")
}
