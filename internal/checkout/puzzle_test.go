package checkout_test

import (
	"fmt"
	"testing"
	"time"

	"morepay/internal/checkout"
)

// However many things can't be understood, so many are remembered; one that is known
// already takes no room, and is told of once an hour.
func TestPuzzlesAreBounded(t *testing.T) {
	t.Parallel()
	var puzzles checkout.Puzzles
	at := time.Now()
	for i := range checkout.MaxPuzzles {
		if _, tell := puzzles.Note(fmt.Sprint(i), at); !tell {
			t.Fatalf("nobody is told of %d", i)
		}
	}
	if age, tell := puzzles.Note("0", at.Add(time.Minute)); tell || age != time.Minute || puzzles.Len() != checkout.MaxPuzzles {
		t.Errorf("a known one: told %t at age %v, with %d kept", tell, age, puzzles.Len())
	}
	if _, tell := puzzles.Note("new", at); !tell || puzzles.Len() != 1 {
		t.Errorf("one too many: told %t, with %d kept, want it alone", tell, puzzles.Len())
	}
}
