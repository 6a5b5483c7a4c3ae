package sqlstore

import (
	"context"

	"morepay/internal/merchant"
)

// KeyUses keeps when API keys were used last.
type KeyUses struct{ base }

var _ merchant.KeyUses = (*KeyUses)(nil)

func keyUseFields(u *merchant.KeyUse) []any { return []any{&u.Merchant, &u.Key, millis{&u.At}} }

const (
	insertKeyUse = `INSERT INTO api_key_uses (merchant, fingerprint, used_at) VALUES (?, ?, ?)
		ON CONFLICT (merchant, fingerprint) DO UPDATE SET used_at = excluded.used_at WHERE api_key_uses.used_at < excluded.used_at`
	selectKeyUses = "SELECT merchant, fingerprint, used_at FROM api_key_uses WHERE merchant = ? ORDER BY fingerprint"
)

// AddKeyUses implements [merchant.KeyUses].
func (s *KeyUses) AddKeyUses(ctx context.Context, uses []merchant.KeyUse) error {
	return s.write(ctx, func(q Querier) error {
		for _, u := range uses {
			if err := insert(ctx, q, insertKeyUse, keyUseFields(&u)); err != nil {
				return err
			}
		}
		return nil
	})
}

// KeyUses implements [merchant.KeyUses].
func (s *KeyUses) KeyUses(ctx context.Context, id string) ([]merchant.KeyUse, error) {
	return list(ctx, s.base, keyUseFields, selectKeyUses, id)
}
