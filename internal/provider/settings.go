package provider

import (
	"encoding/json"
	"errors"

	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

// maxSettings is the largest size of an account's settings, in bytes.
const maxSettings = 64 << 10

// DecodeSettings decodes an account's settings strictly, see strictjson, into a
// pointer to a struct whose fields all have json tags. The error is a *pay.Error
// that names the first setting at fault; it wraps strictjson.Problems with all.
func DecodeSettings(raw json.RawMessage, into any) error {
	err := strictjson.Decode(raw, into, maxSettings)
	problems, ok := errors.AsType[strictjson.Problems](err)
	if !ok {
		return err
	}
	field, message := problems.Summary()
	return &pay.Error{Code: pay.CodeInvalid, Field: field, Message: message, Err: problems}
}
