package scenario_test

import (
	"slices"
	"strings"
	"testing"

	"morepay/internal/scenario"
)

// What can't be run is refused, and the field is named.
func TestReadRefuses(t *testing.T) {
	const ok = `"name":"n","says":"s","steps":["open"],"ledger":{"status":"open"}`
	if _, err := scenario.Read([]byte(`{` + ok + `}`)); err != nil {
		t.Fatal(err)
	}
	for json, want := range map[string]string{
		`{"says":"s"}`:                               "name",
		`{"name":"a b","steps":["open"]}`:            "name",
		`{"name":"n","steps":["open"]}`:              "ledger.status",
		`{"name":"n"}`:                               "steps",
		`{` + ok + `,"device":"walkie-talkie"}`:      "device",
		`{` + ok + `,"scripts":"some"}`:              "scripts",
		`{` + ok + `,"at":"tomorrow"}`:               "at",
		`{` + ok + `,"query":"a=%zz"}`:               "query",
		`{` + ok + `,"colour":"red"}`:                "colour",
		`{"name":"n","steps":["fly"]}`:               "steps[0]",
		`{"name":"n","steps":["choose wechat_pay"]}`: "METHOD RAIL",
		`{"name":"n","steps":["told refund.created"],"ledger":{"status":"paid"}}`:     "steps[0]",
		`{"name":"n","steps":["open"],"ledger":{"status":"paid","told":["payment"]}}`: "ledger.told",
	} {
		if _, err := scenario.Read([]byte(json)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something about %s", json, err, want)
		}
	}
}

// Words choose by group and name.
func TestSelect(t *testing.T) {
	rows := []scenario.Scenario{{Name: "one", Group: "rails"}, {Name: "two", Group: "rails"}, {Name: "one-more", Group: "rails"}, {Name: "three", Group: "faults"}}
	for filter, want := range map[string][]string{"": {"one", "two", "one-more", "three"}, "rails": {"one", "two", "one-more"}, "two, faults": {"two", "three"}, "rails/one": {"one"}, "one": {"one", "one-more"}, "none": nil} {
		var got []string
		for _, row := range scenario.Select(rows, filter) {
			got = append(got, row.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q chooses %v, want %v", filter, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"name":"n","says":"s","steps":["open"],"ledger":{"status":"open"}}`))
	f.Add([]byte(`[{"name":"n","steps":["see code qr"],"ledger":{"attempts":1}}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := scenario.Read(b)
		for _, row := range rows {
			if err == nil && (row.Name == "" || len(row.Steps) == 0) {
				t.Errorf("a row without name or steps was taken: %+v", row)
			}
		}
	})
}
