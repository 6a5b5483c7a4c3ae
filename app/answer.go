package app

import (
	"encoding/json"
	"errors"
	"fmt"

	"morepay/internal/pay"
	"morepay/internal/view"
)

// refusal is an error that the server stated, as against one of the network.
type refusal struct{ code pay.Code }

func (r *refusal) Error() string { return "the server refused: " + string(r.code) }

func refused(err error) bool {
	_, ok := errors.AsType[*refusal](err)
	return ok
}

// decode reads a JSON answer of the server: progress, or a refusal.
func decode(ok bool, body []byte) (view.Progress, error) {
	if !ok {
		return view.Progress{}, decodeRefusal(body)
	}
	var progress view.Progress
	if err := json.Unmarshal(body, &progress); err != nil {
		return view.Progress{}, fmt.Errorf("the server's answer can't be read: %w", err)
	}
	if progress.State == "" {
		return view.Progress{}, fmt.Errorf("the server's answer has no state")
	}
	return progress, nil
}

func decodeRefusal(body []byte) error {
	var answer struct {
		Error struct {
			Code pay.Code `json:"code"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Error.Code == "" {
		return fmt.Errorf("an answer that is not this server's")
	}
	return &refusal{answer.Error.Code}
}
