//go:build !js

package capability

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of documents, with format assertion
// on. It accepts what Decode accepts and refuses what Decode refuses, but for
// the few rules that no schema can state. Only the server publishes it, so it
// stays out of the browser's bundle.
func Schema() []byte { return slices.Clone(schema) }
