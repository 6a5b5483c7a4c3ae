package providersim

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed phone
var phoneFiles embed.FS

var phoneTemplates = template.Must(template.New("phone").Option("missingkey=error").Funcs(template.FuncMap{"pair": pair}).ParseFS(phoneFiles, "phone/*.html"))

// rowOfCode is a payment with the page that it stands on.
type rowOfCode struct {
	Page    phonePage
	Payment Payment
}

func pair(page phonePage, p Payment) rowOfCode { return rowOfCode{page, p} }

// phonePolicy is the Content-Security-Policy of every page of the simulator, but for the
// last of those who may frame the phone: storefronts on this machine.
const phonePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'self' http://127.0.0.1:* http://localhost:*"

func (s *Sim) routePhone() {
	s.routes.Handle("GET /phone/phone.css", http.FileServerFS(phoneFiles))
	s.routes.Handle("GET /phone/phone.js", http.FileServerFS(phoneFiles))
	s.routes.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s.routes.HandleFunc("GET /phone", s.phoneHome)
	s.routes.HandleFunc("GET /phone/list", s.phoneList)
	s.routes.HandleFunc("POST /phone/scan", s.phoneScan)
	s.routes.HandleFunc("POST /phone/screenshot", s.phoneScreenshot)
	s.routes.HandleFunc("POST /phone/wallets", s.phoneInstall)
	s.routes.HandleFunc("GET /phone/orders/{id}", s.phoneOrder)
	s.routes.HandleFunc("POST /phone/orders/{id}", s.phoneDecide)
}

// phonePage holds the data of every page of the phone.
type phonePage struct {
	Language string
	Say      map[string]string // texts by key
	User     User
	Users    []User
	Time     string // on the phone's clock, hours and minutes in China
	Console  string // Options.Console
	Data     any
}

// phoneLists holds the payments that wait for the phone's owner.
type phoneLists struct {
	Codes    []Payment // the newest
	Older    []Payment // folded away
	Launched []Payment
	Wallets  map[Wallet]Installation
}

// Openings lists what a wallet may do when it is to open.
func (phoneLists) Openings() []Opening { return Openings }

// Altered reports whether a wallet doesn't open at once.
func (l phoneLists) Altered() bool {
	for _, i := range l.Wallets {
		if i.Opens != OpensAtOnce {
			return true
		}
	}
	return false
}

// inSight is the number of codes that are on show unfolded.
const inSight = 3

func (s *Sim) lists() phoneLists {
	codes := s.Codes()
	n := min(len(codes), inSight)
	return phoneLists{codes[:n], codes[n:], s.Launched(), s.Installed()}
}

// phoneScreen is one payment on the screen: to be decided, or how it ended.
type phoneScreen struct {
	Payment  Payment
	Refusal  *Refusal
	Canceled bool
}

// Declined reports whether the wallet has turned an approval down that may be repeated.
func (p phoneScreen) Declined() bool { return p.Refusal != nil && isDecline(p.Refusal.Code) }

// Declines lists the reasons for which the wallet may turn an approval down.
func (phoneScreen) Declines() (list []string) {
	for _, why := range wordsOfDecline {
		list = append(list, why.Error())
	}
	return list
}

// page renders a page of the simulator.
func (s *Sim) page(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	p := phonePage{Language: "en", Say: phoneEnglish, User: phoneUser(r), Users: Users, Time: s.now().In(china).Format("15:04"), Console: s.options.Console, Data: data}
	if strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "zh") {
		p.Language, p.Say = "zh-CN", phoneChinese
	}
	var b bytes.Buffer
	if err := phoneTemplates.ExecuteTemplate(&b, name, p); err != nil {
		s.options.Log.Error("the simulator's page can't be drawn", "page", name, "err", err)
		http.Error(w, "the page can't be drawn", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policyOf(data)+s.neighbours())
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// policyOf returns the policy of a page, which may post a form to a merchant.
func policyOf(data any) string {
	back, ok := data.(postBack)
	if !ok {
		return phonePolicy
	}
	u, err := url.Parse(back.To)
	if err != nil {
		return phonePolicy
	}
	return strings.Replace(phonePolicy, "form-action 'self'", "form-action 'self' "+u.Scheme+"://"+u.Host, 1)
}

// neighbours returns the origins of the simulator's own host, as a policy has them:
// beside its names for itself, the address under which a network reaches it.
func (s *Sim) neighbours() string {
	u, err := url.Parse(s.options.Origin)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	return " " + u.Scheme + "://" + strings.TrimSuffix(u.Host, ":"+u.Port()) + ":*"
}

// phoneUser returns who holds the phone, by the page's address: a frame in a
// foreign page has no cookies.
func phoneUser(r *http.Request) User {
	if u := User(r.FormValue("user")); slices.Contains(Users, u) {
		return u
	}
	return Ming
}

func (s *Sim) phoneHome(w http.ResponseWriter, r *http.Request) {
	s.page(w, r, http.StatusOK, "home.html", s.lists())
}

func (s *Sim) phoneList(w http.ResponseWriter, r *http.Request) {
	s.page(w, r, http.StatusOK, "list.html", s.lists())
}

// phoneScan takes a text as the camera would see it. A wallet's code leads to
// its payment; a web address is shown as a link; the rest is refused.
func (s *Sim) phoneScan(w http.ResponseWriter, r *http.Request) {
	s.scanned(w, r, strings.TrimSpace(r.FormValue("text")), How(cmp.Or(r.FormValue("how"), string(ByCamera))))
}

// scanned goes on with a text that was read.
func (s *Sim) scanned(w http.ResponseWriter, r *http.Request, text string, how How) {
	if u, err := url.Parse(text); err == nil && (u.Scheme == "http" || u.Scheme == "https") && !s.knows(text) {
		s.page(w, r, http.StatusOK, "link.html", text)
		return
	}
	p, err := s.Scan(phoneUser(r), text, how)
	if err != nil {
		s.page(w, r, http.StatusOK, "order.html", phoneScreen{Payment: p, Refusal: inWords(p.Wallet, err)})
		return
	}
	s.toOrder(w, r, p.ID, "")
}

func (s *Sim) knows(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.passes[text] != nil
}

// numberOf returns the out_trade_no behind a pass; "" if there is no such pass.
func (s *Sim) numberOf(pass string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.books.passes[pass]; p != nil {
		return p.order.number
	}
	return ""
}

func (s *Sim) toOrder(w http.ResponseWriter, r *http.Request, id, did string) {
	q := url.Values{"user": {string(phoneUser(r))}}
	if did != "" {
		q.Set("did", did)
	}
	http.Redirect(w, r, "/phone/orders/"+id+"?"+q.Encode(), http.StatusSeeOther)
}

func (s *Sim) phoneOrder(w http.ResponseWriter, r *http.Request) {
	p, err := s.Look(phoneUser(r), r.PathValue("id"))
	screen := phoneScreen{Payment: p, Canceled: r.FormValue("did") == "cancel"}
	if err != nil {
		screen.Refusal = inWords(p.Wallet, err)
	}
	s.page(w, r, http.StatusOK, "order.html", screen)
}

// phoneDecide takes the payer's decision: approve or cancel. Leaving it needs no
// request.
func (s *Sim) phoneDecide(w http.ResponseWriter, r *http.Request) {
	decide := map[string]func(User, string) (Payment, error){
		"approve": s.Approve, "cancel": s.Cancel,
		"decline": func(u User, ref string) (Payment, error) { return s.Decline(u, ref, r.FormValue("why")) },
	}[r.FormValue("do")]
	if decide == nil {
		http.Error(w, "do: approve, cancel or decline", http.StatusBadRequest)
		return
	}
	p, err := decide(phoneUser(r), r.PathValue("id"))
	if err != nil {
		s.page(w, r, http.StatusOK, "order.html", phoneScreen{Payment: p, Refusal: inWords(p.Wallet, err)})
		return
	}
	s.toOrder(w, r, p.ID, r.FormValue("do"))
}
