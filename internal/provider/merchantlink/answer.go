package merchantlink

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// linkLife is the time for which a link or a code is used before a fresh one is asked
// for, unless the cashier says otherwise.
const linkLife = 5 * time.Minute

// answer is what a cashier has for the payer. Version 1 says url; version 2 says one of
// the others, by the name of the rail that was asked for.
type answer struct {
	URL       string      `json:"url"`
	Redirect  string      `json:"redirect"`
	DeepLink  string      `json:"deep_link"`
	QR        string      `json:"qr"`
	JSAPI     *bridgeCall `json:"jsapi"`
	ExpiresAt time.Time   `json:"expires_at"` // when the link or code is dead; version 2
}

// bridgeCall is a call of the host app's own payment window.
type bridgeCall struct {
	Bridge string            `json:"bridge"`
	Params map[string]string `json:"params"`
}

// bridges lists the parameters of each app's payment window: all of them, and no others.
var bridges = map[string][]string{
	"weixin": {"appId", "nonceStr", "package", "paySign", "signType", "timeStamp"},
	"alipay": {"tradeNO"},
}

// readers reads the part of an answer that belongs to each rail.
var readers = map[pay.Rail]func(*account, answer) (pay.Action, error){
	pay.RailRedirect: func(a *account, said answer) (pay.Action, error) {
		return pay.Action{Kind: pay.ActionRedirect, URL: said.Redirect}, a.links.Redirect(said.Redirect)
	},
	pay.RailDeepLink: func(a *account, said answer) (pay.Action, error) {
		return pay.Action{Kind: pay.ActionRedirect, URL: said.DeepLink}, a.links.AppLink(said.DeepLink)
	},
	pay.RailQR: func(a *account, said answer) (pay.Action, error) {
		return pay.Action{Kind: pay.ActionQRCode, Payload: said.QR}, a.links.AppCode(said.QR)
	},
	pay.RailJSAPI: func(_ *account, said answer) (pay.Action, error) {
		return pay.Action{Kind: pay.ActionBridge, Bridge: said.JSAPI.Bridge, Params: said.JSAPI.Params}, said.JSAPI.check()
	},
}

// action reads the answer to a start that was asked for at a time.
func (a *account) action(s start, body []byte, asked time.Time) (pay.Action, error) {
	var said answer
	if json.Unmarshal(body, &said) != nil {
		return pay.Action{}, unusable("the answer can't be read")
	}
	if s.Version == 0 {
		said = answer{Redirect: said.URL}
	} else if err := said.only(s.Rail); err != nil {
		return pay.Action{}, err
	}
	action, err := readers[s.rail()](a, said)
	if err != nil {
		return pay.Action{}, unusable(err.Error())
	}
	action.ExpiresAt = asked.Add(linkLife)
	if !said.ExpiresAt.IsZero() {
		action.ExpiresAt = said.ExpiresAt
	}
	if !action.ExpiresAt.After(asked) {
		return pay.Action{}, unusable("what the answer holds is dead already")
	}
	if s.ExpiresAt.Before(action.ExpiresAt) {
		action.ExpiresAt = s.ExpiresAt
	}
	return action, nil
}

// only reports as an error what else an answer holds than was asked for: it may be
// about another payer, on another device.
func (said answer) only(rail pay.Rail) error {
	holds := map[pay.Rail]bool{
		pay.RailRedirect: said.Redirect != "", pay.RailDeepLink: said.DeepLink != "", pay.RailQR: said.QR != "", pay.RailJSAPI: said.JSAPI != nil,
	}
	if !holds[rail] && said.URL != "" {
		return unusable(fmt.Sprintf("the answer holds url, as in version %d, and not %s: the cashier does not speak version %d", versionPages, rail, versionRails))
	}
	for _, r := range pay.Rails {
		if holds[r] != (r == rail) {
			return unusable(fmt.Sprintf("the answer must hold %s and nothing else", rail))
		}
	}
	return nil
}

// check holds a call to what the browser's side can make.
func (c *bridgeCall) check() error {
	names, ok := bridges[c.Bridge]
	if !ok {
		return fmt.Errorf("the bridge %s is not one of %v", provider.Clean(c.Bridge), slices.Sorted(maps.Keys(bridges)))
	}
	if got := slices.Sorted(maps.Keys(c.Params)); !slices.Equal(got, names) {
		return fmt.Errorf("the bridge %s takes the parameters %v and no others", c.Bridge, names)
	}
	size := 0
	for _, name := range names {
		if c.Params[name] == "" {
			return fmt.Errorf("the parameter %s is empty", name)
		}
		size += len(c.Params[name])
	}
	if size > provider.MaxLink {
		return fmt.Errorf("the parameters are longer than %d bytes", provider.MaxLink)
	}
	return nil
}
