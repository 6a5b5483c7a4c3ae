package document_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"morepay/internal/capability/document"
	"morepay/internal/needs"
	"morepay/internal/strictjson"
)

// TestSchemaWithBinaryFractions: the validator that most people use, whose numbers are
// binary fractions, agrees with the decoder about every percent and fixture.
func TestSchemaWithBinaryFractions(t *testing.T) {
	t.Parallel()
	documents := append(everyPercent(), fixtures(t)...)
	for i, accepted := range ajv(t, documents) {
		_, err := document.Decode(documents[i])
		problems, _ := err.(strictjson.Problems)
		stated := slices.ContainsFunc(problems, func(p strictjson.Problem) bool { return beyondSchema[p.Rule] == "" })
		if accepted == stated {
			t.Errorf("%s\naccepted: %t, decoder: %v", documents[i], accepted, err)
		}
	}
}

// everyPercent returns a document for each percent that there is.
func everyPercent() [][]byte {
	var list [][]byte
	for n := range 100_00 + 1 {
		list = append(list, fmt.Appendf(nil, `{"schema":1,"merchant":"m","name":"M","locale":"en","visible":1,"methods":[`+
			`{"method":"alipay","state":"rollout","rails":[],"currencies":["CNY"],"rollout":{"percent":%d.%02d}}]}`, n/100, n%100))
	}
	return list
}

// fixtures returns all that are JSON, each on one line.
func fixtures(t *testing.T) [][]byte {
	files := []string{filepath.Join("testdata", "full.json")}
	for _, tt := range broken {
		if tt.rule != strictjson.RuleSyntax && tt.rule != strictjson.RuleEncoding {
			files = append(files, filepath.Join("testdata", "broken", tt.name+".json"))
		}
	}
	var list [][]byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var line bytes.Buffer
		if err := json.Compact(&line, data); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list = append(list, line.Bytes())
	}
	return list
}

// ajv returns its verdict on each document.
func ajv(t *testing.T, documents [][]byte) []bool {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "ajv"))); err != nil {
		t.Fatal(err)
	}
	needs.Packages(t, dir)
	var schema bytes.Buffer
	if err := json.Compact(&schema, document.Schema()); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(needs.Node(t), "validate.js")
	run.Dir = dir
	run.Stdin = bytes.NewReader(bytes.Join(append([][]byte{schema.Bytes()}, documents...), []byte("\n")))
	out, err := run.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Fields(string(out))
	if len(lines) != len(documents) {
		t.Fatalf("%d verdicts on %d documents", len(lines), len(documents))
	}
	verdicts := make([]bool, len(lines))
	for i, line := range lines {
		verdicts[i] = line == "true"
	}
	return verdicts
}
