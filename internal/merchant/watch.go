package merchant

import (
	"context"
	"time"
)

// Poll is the interval at which [Watch] looks for changes: often enough for "within a
// second", and one look at an index costs a database next to nothing.
const Poll = 500 * time.Millisecond

// watchBatch bounds how many changes are read at once.
const watchBatch = 1000

// Watch calls changed for every document stored after position, in order, until
// ctx ends. It polls: that works alike on every database, and survives the loss
// of a connection without anything to repair. failed hears of errors; Watch goes on.
func Watch(ctx context.Context, s Store, position int64, changed func(Revision), failed func(error)) {
	tick := time.NewTicker(Poll)
	defer tick.Stop()
	for {
		list, err := s.Changes(ctx, position, watchBatch)
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		for _, r := range list {
			changed(r)
			position = r.Position
		}
		if len(list) == watchBatch {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
