package app

import (
	"encoding/json"
	"reflect"
	"testing"

	"morepay/internal/view"
	small "morepay/wasm/stub/encoding/json"
)

// TestBundleDecodesViews holds that the decoder in the bundle, which is not the
// standard library's, reads the same from a page.
func TestBundleDecodesViews(t *testing.T) {
	t.Parallel()
	for name, v := range testViews() {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			var got, want view.Checkout
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			if err := small.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%+v\nwant\n%+v", got, want)
			}
		})
	}
}
