package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// opening is what a wallet may do when a link is to open it.
type opening struct{ Name, Does string }

var openings = []opening{
	{"installed", "opens at once"},
	{"absent", "is not installed"},
	{"asks", "opens once the payer agrees"},
	{"late", "opens late"},
	{"swallowed", "never hears of the link: the app around the page drops it"},
}

// installation is how a wallet is there, as the control API lists it.
type installation struct {
	Wallet  string `json:"-"`
	Opens   string `json:"opens"`
	After   int    `json:"after_seconds"`
	Session string `json:"session"`
}

// statePage is the page of what lasts from one case to the next.
type statePage struct {
	Wallets  []installation
	Own      []installation // for single sessions
	Openings []opening
	Clock    clock
	Session  string // to set the phone for, from the address
}

// clock is the time of both sides, as the control API tells it.
type clock struct {
	Now    time.Time  `json:"now"`
	Frozen bool       `json:"frozen"`
	Server *time.Time `json:"server_now"` // nil if the server has a clock of its own
	Ahead  int64      `json:"server_ahead_seconds"`
}

// wallets are those that a phone has, in the order of the page.
var wallets = []string{"wechat", "alipay", "merchantlink"}

func (c *Console) state(w http.ResponseWriter, r *http.Request) error {
	phone, err := look[map[string]json.RawMessage](r.Context(), c, "/control/phone")
	if err != nil {
		return err
	}
	p := statePage{Openings: openings, Session: r.URL.Query().Get("session")}
	if p.Clock, err = look[clock](r.Context(), c, "/control/clock"); err != nil {
		return err
	}
	own := map[string][]installation{}
	if raw := phone["sessions"]; raw != nil {
		if err := json.Unmarshal(raw, &own); err != nil {
			return err
		}
	}
	for _, name := range wallets {
		i := installation{Wallet: name}
		if err := json.Unmarshal(phone[name], &i); err != nil {
			return err
		}
		p.Wallets = append(p.Wallets, i)
		for _, i := range own[name] {
			i.Wallet = name
			p.Own = append(p.Own, i)
		}
	}
	return draw(w, http.StatusOK, "state.html", p)
}

// install is the body that says how a wallet is there.
func install(form url.Values) (any, error) {
	body := map[string]any{}
	setWords(body, form, "wallet", "opens", "session")
	if body["opens"] != "late" {
		return body, nil
	}
	return body, setNumber(body, form, "after_seconds")
}

// always returns the body of a button that has one only.
func always(body map[string]any) func(url.Values) (any, error) {
	return func(url.Values) (any, error) { return body, nil }
}

func part(form url.Values) (any, error) {
	body := map[string]any{}
	return body, setNumber(body, form, "server_ahead_seconds")
}
