package console

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"morepay/internal/qrcode"
)

// Address is one of this machine's in its networks.
type Address struct {
	Interface string // name of it, such as wlan0
	IP        netip.Addr
}

// own are the names that a machine has for itself: a phone that is told them looks for
// the demo on the phone.
var own = []string{"127.0.0.1", "::1", "localhost"}

// phonePage is the page about real phones.
type phonePage struct {
	Doors     []door // where a real phone finds what; none if nothing here can be reached from one
	Addresses []Address
	Reports   []report // of browsers, newest first
}

// door is an address with its code.
type door struct {
	Name, Address string
	Code          qrcode.Code
}

// phones shows codes for real phones, or how to become reachable for them.
func (c *Console) phones(w http.ResponseWriter, _ *http.Request) error {
	p := phonePage{Reports: c.reports.Values()}
	slices.Reverse(p.Reports)
	here, err := url.Parse(c.Control)
	if err != nil {
		return err
	}
	if slices.Contains(own, here.Hostname()) {
		p.Addresses, err = c.Addresses()
	} else {
		p.Doors, err = c.doors()
	}
	if err != nil {
		return err
	}
	return draw(w, http.StatusOK, "phones.html", p)
}

func (c *Console) doors() ([]door, error) {
	list := []door{
		{Name: "What is this browser?", Address: c.Control + "/qa/device"},
		{Name: "The storefront", Address: c.Shop},
		{Name: "The simulated phone", Address: c.Control + "/phone"},
		{Name: "This console", Address: c.Control + "/qa"},
	}
	for i, d := range list {
		var err error
		if list[i].Code, err = qrcode.Encode(d.Address); err != nil {
			return nil, err
		}
	}
	return list, nil
}
