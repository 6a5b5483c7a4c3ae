package providersim

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Opening is what a phone does when a browser's link would open a wallet.
type Opening string

// The ways in which a wallet opens, or doesn't.
const (
	OpensAtOnce Opening = "installed"
	OpensNever  Opening = "absent"    // the link tries the wallet's scheme, nobody answers, and the page stays
	OpensAsked  Opening = "asks"      // the system asks first
	OpensLate   Opening = "late"      // after some seconds, on a slow phone
	OpensNot    Opening = "swallowed" // the app around the page drops the link without a word
)

// Openings lists them.
var Openings = []Opening{OpensAtOnce, OpensNever, OpensAsked, OpensLate, OpensNot}

// Installation says how a wallet is there on the phone.
type Installation struct {
	Opens   Opening `json:"opens"`
	After   int     `json:"after_seconds,omitempty"` // for late
	Session string  `json:"session,omitempty"`       // whose payments it is about; "" for all that have none of their own
}

// maxLate is the longest that a wallet takes to open, in seconds.
const maxLate = 30

// Bounds of what a phone remembers.
const (
	maxAsked = 1000 // questions that are open
	maxOwn   = 1000 // installations that are about one session
)

// schemes are the addresses that wallets register. Those of a merchant's own cashier are
// web pages.
var schemes = map[Wallet]string{WeChat: "weixin://wap/pay", Alipay: "alipays://platformapi/startapp"}

// handset is the phone's state beside the payments on it. The simulator's lock guards it.
type handset struct {
	wallets map[Wallet]Installation
	own     map[Wallet][]Installation // about one session each, oldest first
	agreed  map[string]string         // addresses that the payer has let open a wallet, with their Referer
}

func newHandset() handset {
	at := Installation{Opens: OpensAtOnce}
	return handset{map[Wallet]Installation{WeChat: at, Alipay: at, MerchantLink: at}, map[Wallet][]Installation{}, map[string]string{}}
}

// Install says how a wallet is there on the phone from now on. Fails on a wallet or way
// that there is not.
func (s *Sim) Install(w Wallet, i Installation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.handset.wallets[w]; !ok {
		return errors.New("wallet: wechat, alipay or merchantlink")
	}
	if !slices.Contains(Openings, i.Opens) {
		return fmt.Errorf("opens: one of %q", Openings)
	}
	if (i.After != 0) != (i.Opens == OpensLate) || i.After < 0 || i.After > maxLate {
		return fmt.Errorf("after_seconds: 1 to %d for late, none for others", maxLate)
	}
	if i.Session != "" && s.options.Numbers == nil {
		return errNoSessions
	}
	s.acted(Act{Do: Installs, Wallet: w, Installed: i})
	if i.Session == "" {
		s.handset.wallets[w] = i
		return nil
	}
	own := slices.DeleteFunc(s.handset.own[w], func(o Installation) bool { return o.Session == i.Session })
	s.handset.own[w] = append(own[max(0, len(own)-maxOwn+1):], i)
	return nil
}

// errNoSessions is of a simulator that nobody has told of sessions.
var errNoSessions = errors.New("session: a simulator alone doesn't know sessions")

// Installed returns how each wallet is there, for all sessions that have nothing of their
// own.
func (s *Sim) Installed() map[Wallet]Installation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.handset.wallets)
}

// InstalledFor returns how each wallet is there for single sessions, oldest first.
func (s *Sim) InstalledFor() map[Wallet][]Installation {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[Wallet][]Installation{}
	for w, list := range s.handset.own {
		all[w] = slices.Clone(list)
	}
	return all
}

// installedFor returns how a wallet is there for a payment.
func (s *Sim) installedFor(w Wallet, number string) Installation {
	for _, i := range s.InstalledFor()[w] {
		if number != "" && slices.Contains(s.options.Numbers(i.Session), number) {
			return i
		}
	}
	return s.Installed()[w]
}

// opensOn plays the system's part of a hand-off, before the wallet's page: it reports
// false if the wallet does not open now for that out_trade_no, and has answered then.
func (s *Sim) opensOn(w http.ResponseWriter, r *http.Request, wallet Wallet, number string) bool {
	way := s.installedFor(wallet, number)
	switch way.Opens {
	case OpensNever:
		if scheme := schemes[wallet]; scheme != "" {
			http.Redirect(w, r, scheme, http.StatusSeeOther)
			return false
		}
		w.WriteHeader(http.StatusNoContent)
		return false
	case OpensNot:
		w.WriteHeader(http.StatusNoContent)
		return false
	case OpensLate:
		select {
		case <-time.After(time.Duration(float64(way.After) * s.options.ReplyScale * float64(time.Second))):
		case <-r.Context().Done():
			return false
		}
	case OpensAsked:
		if s.agreesTo(r) {
			return true
		}
		s.page(w, r, http.StatusOK, "asks.html", askPage{wallet, r.URL.RequestURI()})
		return false
	}
	return true
}

// askPage asks whether a browser may open a wallet.
type askPage struct {
	Wallet Wallet
	To     string // the address of the link, at the simulator
}

// agreesTo reports whether the payer has agreed to this very link, which counts once,
// and puts its Referer back. Else it keeps the Referer for when they do.
func (s *Sim) agreesTo(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	address := r.URL.RequestURI()
	from, known := s.handset.agreed[address]
	if known && r.Referer() != from { // from the question
		delete(s.handset.agreed, address)
		r.Header.Set("Referer", from)
		return true
	}
	if len(s.handset.agreed) > maxAsked {
		clear(s.handset.agreed)
	}
	s.handset.agreed[address] = r.Referer()
	return false
}

// phoneInstall takes the form that says how a wallet is there.
func (s *Sim) phoneInstall(w http.ResponseWriter, r *http.Request) {
	i := Installation{Opens: Opening(r.FormValue("opens"))}
	if i.Opens == OpensLate {
		i.After = 4
	}
	if err := s.Install(Wallet(r.FormValue("wallet")), i); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, "/phone?"+url.Values{"user": {string(phoneUser(r))}}.Encode(), http.StatusSeeOther)
}

func (s *Sim) controlPhone(*http.Request) (any, error) { return s.phone(), nil }

// phone lists each wallet, and what is so for single sessions.
func (s *Sim) phone() map[string]any {
	all := map[string]any{}
	for w, i := range s.Installed() {
		all[string(w)] = i
	}
	if own := s.InstalledFor(); len(own) > 0 {
		all["sessions"] = own
	}
	return all
}

func (s *Sim) controlInstall(r *http.Request) (any, error) {
	in, err := controlBody[struct {
		Wallet  Wallet  `json:"wallet"`
		Opens   Opening `json:"opens"`
		After   int     `json:"after_seconds"`
		Session string  `json:"session"`
	}](r)
	if err != nil {
		return nil, err
	}
	if err := s.Install(in.Wallet, Installation{in.Opens, in.After, in.Session}); err != nil {
		return nil, err
	}
	return s.phone(), nil
}

// Decline opens what ref names, as Approve does, and has the wallet turn the payer's
// approval down. why is no_balance, risk, limit or no_network; "" is no_balance. Fails
// with the *Refusal that the payer reads; the order stays unpaid.
func (s *Sim) Decline(user User, ref, why string) (Payment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.reach(user, ref)
	if err != nil {
		return s.show(o), err
	}
	why = cmp.Or(why, errNoBalance.Error())
	at := slices.IndexFunc(wordsOfDecline, func(e error) bool { return e.Error() == why })
	if at < 0 {
		return s.show(o), fmt.Errorf("why: one of %v", wordsOfDecline)
	}
	s.decided(Declines, o, user, why)
	return s.show(o), inWords(o.account.wallet(), wordsOfDecline[at])
}

// wordsOfDecline are all reasons for which an approval comes to nothing.
var wordsOfDecline = append(slices.Clone(declines), errNoNetwork)

func (s *Sim) controlDecline(r *http.Request) (any, error) {
	t, err := s.target(r)
	if err != nil {
		return nil, err
	}
	if t.Ref == "" {
		return nil, errNoRef
	}
	p, err := s.Decline(t.User, t.Ref, t.Why)
	if refusal, ok := errors.AsType[*Refusal](err); ok && isDecline(refusal.Code) {
		return map[string]any{"payment": p, "refusal": refusal}, nil
	}
	return nil, err
}

func isDecline(code string) bool {
	return slices.ContainsFunc(wordsOfDecline, func(e error) bool { return e.Error() == code })
}
