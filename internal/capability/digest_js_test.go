package capability_test

import "testing"

// TestDigest logs the digest of the browser's build for TestBrowserDecidesAlike,
// which runs it.
func TestDigest(t *testing.T) {
	t.Parallel()
	t.Logf("digest %s", digest(t))
}
