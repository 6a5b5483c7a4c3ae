package console

import (
	"net/http"
	"net/url"
	"strings"
)

// Network is a way in which the connection between payer and server misbehaves.
type Network struct {
	Name, Does string
}

type networkPage struct {
	Networks []Network
	Pay      string // address that opens an order
	Page     string // of a checkout that exists already, from the address; "" for a new one
}

// Through returns the address of the page under that network.
func (p networkPage) Through(name string) (string, error) {
	page := p.Page
	if page == "" {
		page = p.Pay + "?merchant=bench"
	}
	u, err := url.Parse(page)
	if err != nil {
		return "", err
	}
	query := u.Query()
	query.Set("via", name)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

func (c *Console) network(w http.ResponseWriter, r *http.Request) error {
	p := networkPage{Networks: c.Networks, Pay: c.Pay}
	// Only pages of this demo: the links must not lead elsewhere.
	if page := strings.TrimSpace(r.URL.Query().Get("page")); strings.HasPrefix(page, strings.TrimSuffix(c.Pay, "/demo/pay")+"/") {
		p.Page = page
	}
	return draw(w, http.StatusOK, "network.html", p)
}
