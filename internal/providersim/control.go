package providersim

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"morepay/internal/strictjson"
)

// routeControl serves the control API; the package comment documents it.
func (s *Sim) routeControl() {
	for pattern, answer := range s.controls() {
		s.routes.HandleFunc(pattern, controlHandler(answer))
	}
}

// controls are the calls of the control API by their routes.
func (s *Sim) controls() map[string]func(*http.Request) (any, error) {
	return map[string]func(*http.Request) (any, error){
		"GET /control/codes":      func(*http.Request) (any, error) { return s.Codes(), nil },
		"GET /control/launched":   func(*http.Request) (any, error) { return s.Launched(), nil },
		"GET /control/orders":     func(*http.Request) (any, error) { return s.Orders(), nil },
		"POST /control/scan":      s.controlScan,
		"POST /control/approve":   s.controlApprove,
		"POST /control/cancel":    s.controlCancel,
		"POST /control/decline":   s.controlDecline,
		"GET /control/phone":      s.controlPhone,
		"POST /control/phone":     s.controlInstall,
		"POST /control/user":      s.controlUser,
		"GET /control/clock":      s.controlClock,
		"POST /control/clock":     s.controlSetClock,
		"POST /control/reset":     s.controlReset,
		"GET /control/faults":     s.controlFaults,
		"POST /control/faults":    s.controlInject,
		"DELETE /control/faults":  s.controlCalm,
		"GET /control/history":    s.controlHistory,
		"DELETE /control/history": s.controlForget,
	}
}

// controlHandler answers in JSON: the result, a wallet's refusal with 409, or
// what is wrong with the request with 400.
func controlHandler(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		result, err := answer(r)
		if refusal, ok := errors.AsType[*Refusal](err); ok {
			controlWrite(w, http.StatusConflict, map[string]any{"refusal": refusal})
			return
		}
		if err != nil {
			controlError(w, http.StatusBadRequest, err.Error())
			return
		}
		controlWrite(w, http.StatusOK, result)
	}
}

func controlError(w http.ResponseWriter, status int, message string) {
	controlWrite(w, status, map[string]string{"error": message})
}

func controlWrite(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(plainJSON(v))
}

// controlBody decodes a request. Demanding the JSON content type keeps pages of
// other origins out: a browser asks first, and is told nothing.
func controlBody[T any](r *http.Request) (T, error) {
	var v T
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return v, errors.New("the Content-Type must be application/json")
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, maxControlBody+1))
	if err != nil {
		return v, err
	}
	return v, strictjson.Decode(b, &v, maxControlBody)
}

// maxControlBody is the largest body of a request, in bytes.
const maxControlBody = 64 << 10

type controlTarget struct {
	User User   `json:"user"` // ming if absent
	Text string `json:"text"` // of a QR, for scan
	How  How    `json:"how"`  // camera if absent
	Ref  string `json:"ref"`  // for approve, cancel and decline
	Why  string `json:"why"`  // for decline: no_balance if absent
}

func (s *Sim) target(r *http.Request) (controlTarget, error) {
	t, err := controlBody[controlTarget](r)
	if err != nil {
		return t, err
	}
	if t.User == "" {
		t.User = Ming
	}
	if t.How == "" {
		t.How = ByCamera
	}
	if !slices.Contains(Users, t.User) {
		return t, errors.New("user: ming or hong")
	}
	return t, nil
}

// AccountLine is an account as it is listed.
type AccountLine struct {
	ID     string `json:"id"` // mchid, app id, merId or the cashier's name for it
	Wallet Wallet `json:"wallet"`
	Payee  string `json:"payee"`
}

// Accounts lists the accounts of all providers, by payee and wallet.
func (s *Sim) Accounts() []AccountLine {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []AccountLine{}
	add := func(a account) { list = append(list, AccountLine{a.id(), a.wallet(), a.payee()}) }
	for _, a := range s.wechat {
		add(a)
	}
	for _, a := range s.alipay {
		add(a)
	}
	for _, a := range s.unionPay {
		add(a)
	}
	for _, a := range s.merchantLink {
		add(a)
	}
	slices.SortFunc(list, func(a, b AccountLine) int {
		return cmp.Or(cmp.Compare(a.Payee, b.Payee), cmp.Compare(a.Wallet, b.Wallet), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// hasAccount reports whether one of the providers knows an account.
func (s *Sim) hasAccount(id string) bool {
	return slices.ContainsFunc(s.Accounts(), func(a AccountLine) bool { return a.ID == id })
}

// errNoRef is of a request that names no payment.
var errNoRef = errors.New("ref: is missing")

func (s *Sim) controlScan(r *http.Request) (any, error) {
	t, err := s.target(r)
	if err != nil {
		return nil, err
	}
	if t.Text == "" {
		return nil, errors.New("text: is missing")
	}
	if !slices.Contains(Hows, t.How) {
		return nil, errors.New("how: camera, album, long_press or link")
	}
	return s.Scan(t.User, t.Text, t.How)
}

func (s *Sim) controlApprove(r *http.Request) (any, error) {
	t, err := s.target(r)
	if err != nil {
		return nil, err
	}
	if t.Ref == "" {
		return nil, errNoRef
	}
	return s.Approve(t.User, t.Ref)
}

func (s *Sim) controlCancel(r *http.Request) (any, error) {
	t, err := s.target(r)
	if err != nil {
		return nil, err
	}
	if t.Ref == "" {
		return nil, errNoRef
	}
	return s.Cancel(t.User, t.Ref)
}

func (s *Sim) controlUser(r *http.Request) (any, error) {
	t, err := s.target(r)
	if err != nil {
		return nil, err
	}
	s.SetUser(t.User)
	return map[string]User{"user": t.User}, nil
}

func (s *Sim) controlFaults(*http.Request) (any, error) {
	return map[string]any{"faults": Faults(), "rules": s.Rules(), "seed": s.Seed(), "accounts": s.Accounts()}, nil
}

func (s *Sim) controlInject(r *http.Request) (any, error) {
	in, err := controlBody[struct {
		Seed   *uint64 `json:"seed"`
		Preset string  `json:"preset"`
		Rules  []Rule  `json:"rules"`
	}](r)
	if err != nil {
		return nil, err
	}
	switch in.Preset {
	case "":
	case "chaos":
		in.Rules = append(in.Rules, Chaos...)
	default:
		return nil, errors.New("preset: chaos is the only one")
	}
	if in.Seed != nil {
		s.Reseed(*in.Seed)
	}
	for _, r := range in.Rules {
		if r.Account != "" && !s.hasAccount(r.Account) {
			return nil, fmt.Errorf("account: there is no %q", r.Account)
		}
	}
	if err := s.Inject(in.Rules...); err != nil {
		return nil, err
	}
	return s.controlFaults(r)
}

func (s *Sim) controlCalm(r *http.Request) (any, error) {
	s.Calm()
	return s.controlFaults(r)
}

func (s *Sim) controlHistory(r *http.Request) (any, error) {
	return s.History(r.URL.Query().Get("account"), r.URL.Query().Get("number")), nil
}

func (s *Sim) controlForget(r *http.Request) (any, error) {
	s.Forget()
	return s.controlHistory(r)
}
