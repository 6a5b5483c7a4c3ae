package page

import (
	"fmt"
	"sync"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/qrcode"
)

// TestCodeCacheIsBounded: the code that was asked for longest ago makes room.
func TestCodeCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newCodeCache(2)
	for _, payload := range []string{"a", "b", "a", "c"} {
		got, err := c.get(payload)
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := qrcode.Encode(payload); got != want {
			t.Errorf("the code of %q is another's", payload)
		}
	}
	for payload, kept := range map[string]bool{"a": true, "b": false, "c": true} {
		if c.drawn.Contains(payload) != kept {
			t.Errorf("%q is kept: %t", payload, !kept)
		}
	}
}

func TestCodeCacheKeepsNoErrors(t *testing.T) {
	t.Parallel()
	c := newCodeCache(2)
	if _, err := c.get(""); pay.CodeOf(err) != pay.CodeInvalid {
		t.Errorf("error is %v", err)
	}
	if n := c.drawn.Len(); n != 0 {
		t.Errorf("%d codes are kept", n)
	}
}

func TestCodeCacheIsShared(t *testing.T) {
	t.Parallel()
	c := newCodeCache(3)
	var payers sync.WaitGroup
	for i := range 8 {
		payers.Go(func() {
			for j := range 10 {
				if _, err := c.get(fmt.Sprint((i + j) % 5)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	payers.Wait()
	if n := c.drawn.Len(); n != 3 {
		t.Errorf("%d codes are kept, want 3", n)
	}
}
