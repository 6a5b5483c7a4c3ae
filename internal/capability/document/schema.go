package document

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of documents, with format
// assertion on. It accepts what Decode accepts and refuses what Decode refuses,
// but for the few rules that no schema can state.
func Schema() []byte { return slices.Clone(schema) }
