package wechatpay

import (
	"net/netip"
	"slices"

	"code.dny.dev/ssrf"

	"morepay/internal/pay"
)

// CheckPayer implements provider.PayerChecker. WeChat Pay compares the address in
// an H5 order with that of the phone that opens it, on the internet. In test mode
// everybody is on loopback, and the simulator takes any.
func (a *account) CheckPayer(rail pay.Rail, address netip.Addr) error {
	if rail != pay.RailDeepLink || a.env.TestURL != "" || public(address) {
		return nil
	}
	return pay.Errorf(pay.CodeInvalid, "payer_ip", "must be the payer's address on the internet, not %s: are the proxies before this server named by --trusted-proxies?", address)
}

// public reports whether an address can be somebody's on the internet: not one of a
// private, shared or documented range, nor one that stands for another in a tunnel.
func public(address netip.Addr) bool {
	address = address.Unmap()
	denied := ssrf.IPv4DeniedPrefixes
	if address.Is6() {
		denied = ssrf.IPv6DeniedPrefixes
		if !ssrf.IPv6GlobalUnicast.Contains(address) {
			return false
		}
	}
	return address.IsValid() && !slices.ContainsFunc(denied, func(p netip.Prefix) bool { return p.Contains(address) })
}
