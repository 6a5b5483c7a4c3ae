package cli

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"morepay/internal/check"
)

// Tell prints what a check has found besides errors, and returns those. strict makes
// warnings an error.
func Tell(w io.Writer, r check.Report, strict bool) error {
	for _, note := range r.Notes {
		fmt.Fprintln(w, note)
	}
	for _, warning := range r.Warnings {
		fmt.Fprintln(w, "warning:", warning)
	}
	err := r.Err()
	if err == nil && strict && len(r.Warnings) > 0 {
		return fmt.Errorf("%d warnings, and --strict takes none", len(r.Warnings))
	}
	return err
}

// Network is a flag's network in CIDR notation, such as 10.0.0.0/8.
type Network netip.Prefix

// UnmarshalText is called by kong.
func (n *Network) UnmarshalText(text []byte) error {
	prefix, err := netip.ParsePrefix(strings.TrimSpace(string(text)))
	if err == nil {
		*n = Network(prefix)
		return nil
	}
	if address, err := netip.ParseAddr(string(text)); err == nil {
		return fmt.Errorf("%s is an address, not a network: write %s/%d", address, address, address.BitLen())
	}
	return errors.New("must be a network such as 10.0.0.0/8")
}

// Networks returns networks as what they are.
func Networks(list []Network) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(list))
	for i, n := range list {
		prefixes[i] = netip.Prefix(n)
	}
	return prefixes
}
