package provider_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	broken := pay.Errorf(pay.CodeInvalid, "key", "is missing")
	provider.Register("test-broken", func(json.RawMessage, provider.Env) (provider.Provider, error) { return nil, broken })
	if !slices.Contains(provider.IDs(), "test-broken") {
		t.Errorf("IDs are %v", provider.IDs())
	}
	if _, err := provider.New("test-broken", nil, provider.Env{}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the adapter's error", err)
	}
	if _, err := provider.New("nobody", nil, provider.Env{}); pay.CodeOf(err) != pay.CodeInvalid {
		t.Errorf("got %v, want invalid_request", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a second adapter of one id was taken")
		}
	}()
	provider.Register("test-broken", nil)
}

func TestDecodeSettings(t *testing.T) {
	t.Parallel()
	type settings struct {
		ID    string   `json:"id"`
		Hosts []string `json:"hosts"`
	}
	for name, c := range map[string]struct {
		raw   string
		field string
		fails bool
	}{
		"good":          {`{"id":"a","hosts":["b"]}`, "", false},
		"empty":         {`{}`, "", false},
		"unknown":       {`{"id":"a","key":"b"}`, "key", true},
		"unknown-empty": {`{"":"b"}`, "", true},
		"other-case":    {`{"ID":"a"}`, "ID", true},
		"twice":         {`{"id":"a","id":"b"}`, "id", true},
		"wrong-type":    {`{"id":1}`, "id", true},
		"wrong-item":    {`{"hosts":[1]}`, "hosts[0]", true},
		"trailing":      {`{"id":"a"}{}`, "", true},
		"unfinished":    {`{"id":`, "id", true},
		"half":          {`{"id":"a"`, "", true},
		"array":         {`[]`, "", true},
		"null":          {`null`, "", true},
		"nothing":       {``, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			var s settings
			err := provider.DecodeSettings(json.RawMessage(c.raw), &s)
			var wrong *pay.Error
			if (err != nil) != c.fails || c.fails && (!errors.As(err, &wrong) || wrong.Field != c.field) {
				t.Errorf("got %v, want field %q", err, c.field)
			}
		})
	}
}
