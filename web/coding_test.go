package web

import "testing"

func TestChoose(t *testing.T) {
	t.Parallel()
	all := map[coding][]byte{brotli: nil, gzip: nil}
	for _, test := range []struct {
		name, accept string
		have         map[coding][]byte
		want         coding
	}{
		{"no-header", "", all, identity},
		{"browser", "gzip, deflate, br, zstd", all, brotli},
		{"only-gzip", "gzip, deflate", all, gzip},
		{"weights", "br;q=0.5, gzip;q=0.9", all, gzip},
		{"spaces-and-case", " BR ; Q=0.1 , GZip;q=0 ", all, brotli},
		{"refused", "br;q=0, gzip;q=0", all, identity},
		{"star", "*", all, brotli},
		{"star-but-brotli", "br;q=0, *;q=0.3", all, gzip},
		{"star-refused", "*;q=0, gzip", all, gzip},
		{"identity-preferred", "identity, br;q=0.5", all, identity},
		{"identity-equal", "identity, br", all, brotli},
		{"only-unknown", "zstd", all, identity},
		{"not-built", "br, gzip", nil, identity},
		{"weight-unreadable", "br;q=high, gzip", all, gzip},
		{"weight-too-high", "br;q=2, gzip;q=0.1", all, gzip},
		{"weight-not-a-number", "br;q=NaN", all, identity},
		{"other-parameter", "br;level=11", all, brotli},
		{"all-refused", "identity;q=0", all, identity},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := choose(test.accept, test.have); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func FuzzChoose(f *testing.F) {
	for _, accept := range []string{"", "gzip, br", "br;q=0.5", ";;;", "br;q=", "*;q=1e-400", ",,,br"} {
		f.Add(accept)
	}
	only := map[coding][]byte{gzip: nil}
	f.Fuzz(func(t *testing.T, accept string) {
		if got := choose(accept, only); got != identity && got != gzip {
			t.Errorf("%q chose %q, which there isn't", accept, got)
		}
		for c, q := range weigh(accept) {
			if !(q >= 0 && q <= 1) {
				t.Errorf("%q weighs %q %v", accept, c, q)
			}
		}
	})
}
