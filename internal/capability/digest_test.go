package capability_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"morepay/internal/capability"
	"morepay/internal/device"
)

// inputs is how many decisions the digest covers.
const inputs = 10_000

// TestDigest logs one hash over seeded decisions: what the browser's build
// makes of them must be the same, byte for byte (wasm_test.go).
func TestDigest(t *testing.T) {
	h := sha256.New()
	profiles := device.Profiles()
	for seed := range uint64(inputs) {
		roll := seededDice(seed)
		w := anyWorld(roll)
		s, _ := device.SampleOf(pick(roll, profiles))
		w.dev = device.Detect(s.UserAgent).Refine(s.Hints)
		doc, err := capability.Decode(w.doc.JSON())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		w.doc = doc
		data, err := json.Marshal(w.decide())
		if err != nil {
			t.Fatal(err)
		}
		h.Write(doc.JSON())
		h.Write(data)
	}
	t.Logf("digest %s", hex.EncodeToString(h.Sum(nil)))
}
