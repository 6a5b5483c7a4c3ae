package merchant

import (
	"context"
	"log/slog"
)

// NewSmallCache makes a cache with room for so many bytes of documents as they
// are served, and so many documents to decide by.
func NewSmallCache(ctx context.Context, store Store, servedBytes, decoded int) (*Cache, error) {
	return newCache(ctx, store, slog.New(slog.DiscardHandler), servedBytes, decoded)
}
