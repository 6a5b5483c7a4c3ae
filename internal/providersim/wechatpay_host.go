package providersim

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// What WeChat does for a shop's own app, by its SDK, and for a shop's mini program.
func (s *Sim) routeWeChatHosts() {
	s.routes.HandleFunc("GET /sns/jscode2session", trade(s.session))
	for path, play := range map[string]func(body []byte) (answer any, understood bool){
		"/phone/sdk":            s.playSDK,
		"/phone/login":          s.playLogin,
		"/phone/requestpayment": s.playRequestPayment,
	} {
		s.routes.HandleFunc("POST "+path, s.played(play))
		s.routes.HandleFunc("OPTIONS "+path, s.played(play))
	}
}

// played lets pages of this machine, which play an app or a mini program, ask what the
// real one asks of WeChat.
func (s *Sim) played(play func(body []byte) (answer any, understood bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.bridgeOrigin(w, r) {
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, 16<<10))
		if !knownUser(body) {
			controlError(w, http.StatusBadRequest, "user: ming or hong")
			return
		}
		answer, understood := any(nil), false
		if err == nil {
			answer, understood = play(body)
		}
		if !understood {
			controlError(w, http.StatusBadRequest, "the body is not the JSON of the call")
			return
		}
		controlWrite(w, http.StatusOK, answer)
	}
}

// knownUser reports whether a request names nobody else than the phone's users. One that
// names none is of who holds the phone.
func knownUser(body []byte) bool {
	var of struct {
		User User `json:"user"`
	}
	return json.Unmarshal(body, &of) != nil || of.User == "" || slices.Contains(Users, of.User)
}

// sdkRequest is PayReq as WeChat's SDK for apps takes it, with what the person in front of
// the phone does then.
type sdkRequest struct {
	AppID     string `json:"appid"`
	Partner   string `json:"partnerid"`
	PrepayID  string `json:"prepayid"`
	Package   string `json:"package"` // Sign=WXPay
	Nonce     string `json:"noncestr"`
	Timestamp string `json:"timestamp"` // seconds
	Sign      string `json:"sign"`
	User      User   `json:"user"`
	Do        string `json:"do"` // approve or cancel
}

// sdkCodes are the errCodes of the SDK's PayResp.
var sdkCodes = map[string]int{"ok": 0, "fail": -1, "cancel": -2}

// playSDK plays WeChat's SDK for apps: it answers errCode, and why in errStr when it fails.
func (s *Sim) playSDK(body []byte) (any, bool) {
	var p sdkRequest
	if json.Unmarshal(body, &p) != nil {
		return nil, false
	}
	result, why := s.payBySDK(p)
	answer := map[string]any{"errCode": sdkCodes[result]}
	if why != nil {
		answer["errStr"] = why.Error()
	}
	return answer, true
}

func (s *Sim) payBySDK(p sdkRequest) (result string, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.checkSDK(p)
	if err != nil {
		return "fail", inWords(WeChat, err)
	}
	return s.payInWeChat(o, p.User, p.Do)
}

// checkSDK holds what WeChat checks of an app's request. The fourth line that is signed is
// the bare prepay id, other than the bridge's.
func (s *Sim) checkSDK(p sdkRequest) (*order, error) {
	pass := s.books.passes[p.PrepayID]
	if pass == nil || pass.order.product != AppPay {
		return nil, errUnknownCode
	}
	account := pass.order.account.(*wechatAccount)
	if p.AppID != pass.order.appID || p.Partner != account.MchID || p.Package != "Sign=WXPay" || !inSeconds(p.Timestamp) {
		return nil, errBadBridge
	}
	if !account.signedBridge(p.AppID+"\n"+p.Timestamp+"\n"+p.Nonce+"\n"+p.PrepayID+"\n", p.Sign) {
		return nil, errBadBridge
	}
	if !s.now().Before(pass.expires) {
		return nil, errDeadCode
	}
	return pass.order, nil
}

// inSeconds reports whether a timestamp can be one: milliseconds are the usual mistake.
func inSeconds(text string) bool {
	at, err := strconv.ParseInt(text, 10, 64)
	return err == nil && at < 1e11
}

// loginRequest is wx.login of the mini program of that id, for who holds the phone.
type loginRequest struct {
	AppID string `json:"appid"`
	User  User   `json:"user"` // "" for who holds the phone
}

// playLogin plays wx.login, which asks the user nothing.
func (s *Sim) playLogin(body []byte) (any, bool) {
	var l loginRequest
	if json.Unmarshal(body, &l) != nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.accountOfMiniProgram(l.AppID)
	if account == nil {
		return map[string]string{"errMsg": "login:fail invalid appid"}, true
	}
	if l.User == "" {
		l.User = s.holder
	}
	code := rand.Text()
	account.codes[code] = oauthCode{app: account.MiniProgramID, openid: openid(account.MiniProgramID, l.User), login: true, expires: s.now().Add(oauthCodeLife)}
	return map[string]string{"errMsg": "login:ok", "code": code}, true
}

func (s *Sim) accountOfMiniProgram(appID string) *wechatAccount {
	for _, a := range s.wechat {
		if appID != "" && a.MiniProgramID == appID {
			return a
		}
	}
	return nil
}

// session trades a code of wx.login for the openid.
func (s *Sim) session(q url.Values) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.accountOfMiniProgram(q.Get("appid"))
	if account == nil {
		return oauthError{40013, "invalid appid"}
	}
	openid, refusal := s.redeem(account, account.MiniProgramSecret, q, q.Get("js_code"), true)
	if refusal != nil {
		return *refusal
	}
	return map[string]string{"openid": openid, "session_key": rand.Text()}
}

// playRequestPayment plays wx.requestPayment, whose parameters are the bridge's; appId is
// that of the mini program that asks.
func (s *Sim) playRequestPayment(body []byte) (any, bool) {
	var b bridgeRequest
	if json.Unmarshal(body, &b) != nil {
		return nil, false
	}
	result, why := s.payInMiniProgram(b)
	return map[string]string{"errMsg": "requestPayment:" + miniProgramResult(result, why)}, true
}

func miniProgramResult(result string, why error) string {
	switch {
	case result == "cancel":
		return "fail cancel"
	case why != nil:
		return "fail " + why.Error()
	}
	return result
}

func (s *Sim) payInMiniProgram(b bridgeRequest) (result string, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.checkRequestPayment(b)
	if err != nil {
		return "fail", inWords(WeChat, err)
	}
	return s.payInWeChat(p.order, b.User, b.Do)
}

func (s *Sim) checkRequestPayment(b bridgeRequest) (*pass, error) {
	p := s.passOf(b)
	if p == nil || p.order.product != JSAPI {
		return nil, errUnknownCode
	}
	if b.AppID != p.order.account.(*wechatAccount).MiniProgramID {
		return nil, errBadBridge // the service account's orders are paid by the bridge
	}
	return p, s.checkSigned(p, b)
}
