package capability_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"morepay/internal/capability/capabilitytest"
	"morepay/internal/capability/document"
)

// inputs is the number of decisions that the digest covers.
const inputs = 10_000

// digest returns one hash over seeded documents, as they were decoded, and the
// decisions about them.
func digest(t *testing.T) string {
	h := sha256.New()
	for seed := range uint64(inputs) {
		s := anySituation(capabilitytest.Seeded(seed))
		doc, err := document.Decode(s.doc.JSON())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		s.doc = doc
		data, err := json.Marshal(s.decide())
		if err != nil {
			t.Fatal(err)
		}
		h.Write(doc.JSON())
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil))
}
