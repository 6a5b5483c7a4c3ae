package providersim_test

import (
	"os"
	"testing"

	"morepay/internal/providersim"
)

// A code as a browser draws it, whose data looks like one more of the marks by which it is
// found.
func TestReadCode(t *testing.T) {
	t.Parallel()
	picture, err := os.Open("testdata/code.png")
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	const want = "http://127.0.0.1:40561/merchantlink/demo/qr/2S4BJSO72H7ILIVDUZTIV6MPS6"
	if got, err := providersim.ReadCode(picture); err != nil || got != want {
		t.Errorf("it is read as %q, %v", got, err)
	}
}
