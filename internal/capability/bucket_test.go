package capability_test

import (
	"fmt"
	"hash/fnv"
	"testing"

	"pgregory.net/rapid"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	"morepay/internal/pay"
)

// TestBucketContract: merchants' own programs may compute buckets, so these
// never change.
func TestBucketContract(t *testing.T) {
	t.Parallel()
	tests := []struct {
		salt   string
		method pay.Method
		payer  string
		want   int
	}{
		{"", "wechat_pay", "payer-1", 5520},
		{"", "wechat_pay", "payer-2", 8645},
		{"s", "wechat_pay", "payer-1", 2008},
		{"", "alipay", "payer-1", 5483},
		{"盐", "alipay", "", 9921},
	}
	for _, tt := range tests {
		if got := capability.Bucket(tt.salt, tt.method, tt.payer); got != tt.want {
			t.Errorf("salt %q, %s, payer %q: got %d, want %d", tt.salt, tt.method, tt.payer, got, tt.want)
		}
	}
}

// TestBucketIsFNV compares with the standard library's FNV-1a.
func TestBucketIsFNV(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		salt, m, payer := rapid.String().Draw(t, "salt"), rapid.String().Draw(t, "method"), rapid.String().Draw(t, "payer")
		h := fnv.New64a()
		fmt.Fprintf(h, "%s\x00%s\x00%s", salt, m, payer)
		x := h.Sum64()
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
		if got, want := capability.Bucket(salt, pay.Method(m), payer), int(x%capability.Buckets); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	})
}

// TestPercentSteps: at each of the 10,001 percentages exactly the buckets below
// it are in, and the percentage survives its encoding.
func TestPercentSteps(t *testing.T) {
	t.Parallel()
	const payer = "payer-1"
	bucket, dev := capability.Bucket("", "wechat_pay", payer), deviceOf(t, "safari-iphone")
	for step := range capability.Buckets + 1 {
		doc := open(func(_ *capability.Document, m *capability.Method) {
			m.State, m.Rollout = capability.StateRollout, &capability.Rollout{Percent: float64(step) / 100}
		})
		again, err := document.Decode(doc.JSON())
		if err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		if got := again.Methods[0].Rollout.Percent; got != float64(step)/100 {
			t.Errorf("step %d: encoded and decoded to %v", step, got)
		}
		d := capability.Decide(again, capability.Order{Amount: yuan60, Payer: payer}, dev, noon)
		if got := d.Choices[0].Offered(); got != (bucket < step) {
			t.Errorf("step %d: bucket %d is in: %t", step, bucket, got)
		}
	}
}

// TestBucketsAreUniform: chi-square over 100 groups of buckets for keys as
// unlike as hashes and as alike as numbers. With 99 degrees of freedom, 160 is
// passed by chance once in 10,000 salts; the keys are fixed, so this never
// flickers.
func TestBucketsAreUniform(t *testing.T) {
	t.Parallel()
	const payers, groups = 200_000, 100
	for name, key := range map[string]func(int) string{
		"numbers": func(i int) string { return fmt.Sprint(i) },
		"phones":  func(i int) string { return fmt.Sprintf("138%08d", i) },
		"hashes":  func(i int) string { return fmt.Sprintf("%032x", uint64(i)*0x9e3779b97f4a7c15) },
	} {
		t.Run(name, func(t *testing.T) {
			var count [groups]int
			for i := range payers {
				count[capability.Bucket("salt", "wechat_pay", key(i))*groups/capability.Buckets]++
			}
			const expected = float64(payers) / groups
			var chi2 float64
			for _, n := range count {
				chi2 += (float64(n) - expected) * (float64(n) - expected) / expected
			}
			if chi2 > 160 {
				t.Errorf("chi-square is %.1f, want at most 160: %v", chi2, count)
			}
		})
	}
}

// TestSaltsAreIndependent: who is in one rollout says nothing about another.
func TestSaltsAreIndependent(t *testing.T) {
	t.Parallel()
	const payers = 100_000
	both := 0
	for i := range payers {
		key := fmt.Sprint(i)
		if capability.Bucket("one", "wechat_pay", key) < 4000 && capability.Bucket("two", "wechat_pay", key) < 4000 {
			both++
		}
	}
	if share := float64(both) / payers; share < 0.155 || share > 0.165 {
		t.Errorf("%.4f are in two rollouts of 40%%, want about 0.16", share)
	}
}
