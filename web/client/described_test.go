package client

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/openapi"
)

// schema is what the description says of a value, as far as types of Go do.
type schema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Format               string
	Properties           map[string]*schema
	Required             []string
	Items                *schema
	AdditionalProperties any
}

// described are the types by the names of their schemas.
var described = map[string]any{
	"Money": Money{}, "Price": Money{}, "NewSession": NewSession{}, "Item": Item{}, "Extension": Extension{}, "Session": Session{}, "Payment": Payment{},
	"Surplus": Surplus{}, "Attempt": Attempt{}, "NewRefund": NewRefund{}, "Refund": Refund{}, "SessionList": SessionList{}, "RefundList": RefundList{},
	"EventList": EventList{}, "Event": Event{}, "EventSession": EventSession{}, "EventPayment": EventPayment{}, "EventRefund": EventRefund{},
	"Redelivery": Redelivery{}, "Nothing": struct{}{}, "Question": Question{}, "Decision": Decision{}, "Choice": Choice{}, "Reason": Reason{},
	"Device": Device{}, "Error": refusal{}, "Metadata": map[string]string{},
}

// notOurs are objects and calls that no merchant's server has a use for: pages ask, and
// documents are read by whoever publishes them.
var notOurs = []string{"Eligibility", "Capabilities", "Schema", "EndpointTest", "getEligibility", "getCapabilities", "getCapabilitiesSchema"}

type description struct {
	Paths map[string]map[string]struct {
		OperationID string
		Parameters  []struct{ Name, In string }
	}
	Components struct{ Schemas map[string]*schema }
}

func read(t *testing.T) (d description) {
	t.Helper()
	if err := json.Unmarshal(openapi.Document(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestTypesAreDescribed holds every type to its schema, field by field, in both directions.
func TestTypesAreDescribed(t *testing.T) {
	t.Parallel()
	d := read(t)
	for name, s := range d.Components.Schemas {
		if s.Type != "object" || slices.Contains(notOurs, name) {
			continue
		}
		if described[name] == nil {
			t.Errorf("%s has no type", name)
			continue
		}
		d.compare(t, name, s, reflect.TypeOf(described[name]))
	}
	for name := range described {
		if d.Components.Schemas[name] == nil {
			t.Errorf("%s is not described", name)
		}
	}
}

// compare fails where a type is not what a schema says.
func (d description) compare(t *testing.T, at string, s *schema, of reflect.Type) {
	t.Helper()
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		if known := described[name]; known != nil {
			if reflect.TypeOf(known) != of {
				t.Errorf("%s is a %v, and described as %s", at, of, name)
			}
			return
		}
		s = d.Components.Schemas[name]
	}
	kinds := map[string]reflect.Kind{"string": reflect.String, "integer": reflect.Int64, "boolean": reflect.Bool, "array": reflect.Slice, "object": reflect.Struct}
	switch {
	case s.Format == "date-time":
		if of != reflect.TypeFor[time.Time]() {
			t.Errorf("%s is a %v, and described as a time", at, of)
		}
	case s.Type == "object" && s.Properties == nil && s.AdditionalProperties != false:
		if of.Kind() != reflect.Map {
			t.Errorf("%s is a %v, and described as a map", at, of)
		}
	case of.Kind() != kinds[s.Type]:
		t.Errorf("%s is a %v, and described as %s", at, of, s.Type)
	case s.Type == "array":
		d.compare(t, at+"[]", s.Items, of.Elem())
	case s.Type == "object":
		d.compareFields(t, at, s, of)
	}
}

func (d description) compareFields(t *testing.T, at string, s *schema, of reflect.Type) {
	t.Helper()
	named := map[string]bool{}
	for i := range of.NumField() {
		name, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		named[name] = true
		property := s.Properties[name]
		if property == nil {
			t.Errorf("%s.%s is not described", at, name)
			continue
		}
		if needed := slices.Contains(s.Required, name); needed != (options == "") {
			t.Errorf("%s.%s is needed: %v, and has the options %q", at, name, needed, options)
		}
		d.compare(t, at+"."+name, property, of.Field(i).Type)
	}
	for name := range s.Properties {
		if !named[name] {
			t.Errorf("%s.%s has no field", at, name)
		}
	}
}

// TestCallsAreDescribed: each operation has a call of its name.
func TestCallsAreDescribed(t *testing.T) {
	t.Parallel()
	for _, item := range read(t).Paths {
		for _, operation := range item {
			name := operation.OperationID
			_, ok := reflect.TypeFor[*Client]().MethodByName(strings.ToUpper(name[:1]) + name[1:])
			if ok == slices.Contains(notOurs, name) {
				t.Errorf("there is a call of the name %s: %v", name, ok)
			}
		}
	}
}
