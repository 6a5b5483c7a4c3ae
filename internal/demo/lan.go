package demo

import (
	"net"
	"net/netip"

	"morepay/internal/console"
	"morepay/internal/pay"
)

// Addresses lists the addresses under which devices in this machine's private networks
// reach it. A public address is none: the demo is for neighbours. Nor is one of IPv6,
// which a page's Content-Security-Policy can't name.
func Addresses() ([]console.Address, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []console.Address
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addresses {
			prefix, err := netip.ParsePrefix(a.String())
			if ip := prefix.Addr().Unmap(); err == nil && ip.Is4() && ip.IsPrivate() {
				list = append(list, console.Address{Interface: i.Name, IP: ip})
			}
		}
	}
	return list, nil
}

// FindAddress reads the address at which real phones are to reach the demo: one of this
// machine's, or auto for the first of [Addresses]. Fails with *pay.Error if it can't be
// among them.
func FindAddress(text string) (netip.Addr, error) {
	if text != "auto" {
		ip, err := netip.ParseAddr(text)
		if err != nil || !ip.Is4() || !ip.IsPrivate() && !ip.IsLoopback() {
			return ip, pay.Errorf(pay.CodeInvalid, "--lan", "must be auto or an address of IPv4 in a private network, such as 192.168.1.5, is %q", text)
		}
		return ip, nil
	}
	list, err := Addresses()
	if err != nil {
		return netip.Addr{}, err
	}
	if len(list) == 0 {
		return netip.Addr{}, pay.Errorf(pay.CodeInvalid, "--lan", "this machine is in no private network of IPv4")
	}
	return list[0].IP, nil
}

// At returns an address to listen at with its host replaced.
func At(ip netip.Addr, listen string) (string, error) {
	_, port, err := net.SplitHostPort(listen)
	return net.JoinHostPort(ip.String(), port), err
}
