package web

import (
	"strconv"
	"strings"
)

// coding is a content coding of HTTP (RFC 9110, section 8.4.1).
type coding string

const (
	identity coding = "identity"
	brotli   coding = "br"
	gzip     coding = "gzip"
)

// codings lists those that make wasm writes, the smaller first.
var codings = []coding{brotli, gzip}

// suffix returns the end of the file name of such a body.
func (c coding) suffix() string {
	if c == gzip {
		return ".gz"
	}
	return "." + string(c)
}

// choose picks, of the codings there are, the one that an Accept-Encoding header
// weighs most, and of equals the smaller body. Without a header, and where only
// what we don't have is accepted, it is identity.
func choose(accept string, have map[coding][]byte) coding {
	weights := weigh(accept)
	best, most := identity, 0.0
	for _, c := range codings {
		if _, ok := have[c]; !ok {
			continue
		}
		if q := weights.of(c); q > most {
			best, most = c, q
		}
	}
	if q, named := weights[identity]; named && q > most {
		return identity
	}
	return best
}

// weights maps the codings of an Accept-Encoding header to their q-values, 0
// to 1; "*" stands for those that it does not name.
type weights map[coding]float64

func (w weights) of(c coding) float64 {
	if q, ok := w[c]; ok {
		return q
	}
	return w["*"]
}

// weigh parses an Accept-Encoding header (RFC 9110, section 12.5.3). A coding
// whose q-value can't be read is not accepted.
func weigh(accept string) weights {
	w := weights{}
	for item := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "" {
			w[coding(name)] = quality(params)
		}
	}
	return w
}

// quality reads "q=0.5"; without one it is 1.
func quality(params string) float64 {
	name, value, found := strings.Cut(params, "=")
	if !found || !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}
