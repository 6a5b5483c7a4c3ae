package provider

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"morepay/internal/pay"
)

// Open makes a provider from one account's settings (strictly decoded JSON).
// Fails with *pay.Error naming the field.
type Open func(settings json.RawMessage, env Env) (Provider, error)

var registry struct {
	sync.RWMutex
	open map[string]Open
}

// Register adds an adapter under its id. A second one of that id panics.
func Register(id string, open Open) {
	registry.Lock()
	defer registry.Unlock()
	if registry.open == nil {
		registry.open = map[string]Open{}
	}
	if _, ok := registry.open[id]; ok {
		panic("provider: registered twice: " + id)
	}
	registry.open[id] = open
}

// New opens an account at the provider of that id. Errors begin with the id.
func New(id string, settings json.RawMessage, env Env) (Provider, error) {
	registry.RLock()
	open, ok := registry.open[id]
	registry.RUnlock()
	if !ok {
		return nil, fmt.Errorf("%s: %w", id, pay.Errorf(pay.CodeInvalid, "", "is not a provider, known are %v", IDs()))
	}
	p, err := open(settings, env)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", id, err)
	}
	return p, nil
}

// IDs lists the registered adapters, sorted.
func IDs() []string {
	registry.RLock()
	defer registry.RUnlock()
	ids := make([]string, 0, len(registry.open))
	for id := range registry.open {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
