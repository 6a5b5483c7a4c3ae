package capability

import "morepay/internal/pay"

// Buckets is the number of buckets of a rollout: one is 0.01 percent.
const Buckets = 10_000

// Bucket puts a payer into one of the Buckets of a method's rollout, from 0 on.
// A rollout of p percent includes the buckets below 100·p, so raising p never
// drops a payer who was in.
//
// The hash is FNV-1a with 64 bits over salt, a zero byte, method, a zero byte
// and payer key, finished with the mixer of SplitMix64, modulo Buckets. It is
// part of the contract with merchants and will not change: another hash would
// move payers out of rollouts that they are in.
func Bucket(salt string, m pay.Method, payerKey string) int {
	h := uint64(fnvOffset)
	h = fnv(h, salt) * fnvPrime // a zero byte changes nothing but the product
	h = fnv(h, string(m)) * fnvPrime
	h = fnv(h, payerKey)
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	return int(h % Buckets)
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func fnv(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}
