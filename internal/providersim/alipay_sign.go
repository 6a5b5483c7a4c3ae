package providersim

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// alipayScheme is the only way of signing that is played.
const alipayScheme = "RSA2"

// alipaySkew limits how far a request's timestamp may be off, either way.
const alipaySkew = 15 * time.Minute

// unsignedText joins parameters in the way that Alipay signs: sorted, raw,
// without empty values and without what leave names.
func unsignedText(p url.Values, leave ...string) string {
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(p)) {
		if v := p.Get(k); v != "" && !slices.Contains(leave, k) {
			pairs = append(pairs, k+"="+v)
		}
	}
	return strings.Join(pairs, "&")
}
