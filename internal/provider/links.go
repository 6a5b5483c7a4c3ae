package provider

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// The longest links that a payer is handed, in bytes.
const (
	MaxLink = 2 << 10
	MaxQR   = 512 // a denser code is hard to scan from a screen
)

// Links says which links in one provider's answers a payer may be handed. An
// answer with another link is treated as no answer: nothing is known then about
// the payment, and nobody is sent anywhere.
type Links struct {
	Hosts   []string // https hosts that a browser may be sent to, on port 443
	QR      []string // what the payload of a QR code may begin with
	Schemes []string // of apps that a link or a code may open besides
	TestURL string   // one more origin that is let through; "" in live mode
}

// Redirect checks a link that the payer's browser is about to follow.
func (l Links) Redirect(link string) error {
	if err := checkText(link, MaxLink); err != nil {
		return err
	}
	u, err := url.Parse(link)
	if err != nil {
		return errors.New("the link can't be parsed")
	}
	if u.User != nil {
		return errors.New("the link holds a user name")
	}
	if u.Scheme+"://"+u.Host == l.TestURL {
		return nil
	}
	if u.Scheme != "https" {
		return fmt.Errorf("the link's scheme is %s, want https", Clean(u.Scheme))
	}
	if port := u.Port(); port != "" && port != "443" {
		return errors.New("the link names a port")
	}
	if !slices.Contains(l.Hosts, u.Hostname()) {
		return fmt.Errorf("the link leads to %s, which is not the provider's", Clean(u.Host))
	}
	return nil
}

// AppLink checks a link that is about to open an app: one of its scheme, or one that
// Redirect lets through.
func (l Links) AppLink(link string) error {
	if u, err := url.Parse(link); err == nil && slices.Contains(l.Schemes, u.Scheme) {
		return checkText(link, MaxLink)
	}
	return l.Redirect(link)
}

// AppCode checks what a QR code is about to say if that is a link for an app.
func (l Links) AppCode(payload string) error {
	if len(payload) > MaxQR {
		return fmt.Errorf("the QR code says more than %d bytes", MaxQR)
	}
	return l.AppLink(payload)
}

// QRCode checks what a QR code is about to say.
func (l Links) QRCode(payload string) error {
	if err := checkText(payload, MaxQR); err != nil {
		return err
	}
	for _, prefix := range l.QR {
		if strings.HasPrefix(payload, prefix) {
			return nil
		}
	}
	if l.TestURL != "" && strings.HasPrefix(payload, l.TestURL+"/") {
		return nil
	}
	return errors.New("the QR code holds something else than the provider's link")
}

// checkText lets printable ASCII through, without the characters that browsers
// and URL parsers read in different ways.
func checkText(s string, maxBytes int) error {
	if s == "" {
		return errors.New("the link is empty")
	}
	if len(s) > maxBytes {
		return fmt.Errorf("the link is longer than %d bytes", maxBytes)
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>^`{}", c) >= 0 {
			return errors.New("the link holds a character that links don't have")
		}
	}
	return nil
}
