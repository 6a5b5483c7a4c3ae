package providersim

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// unionPayCall is one call of UnionPay's gateway: a form, answered by k=v&k=v.
type unionPayCall struct {
	call
	do       func(*Sim, *unionPayCall) (unionPayFields, error)
	path     string
	p        unionPayFields
	broken   error            // the form can't be read
	merchant *unionPayAccount // whose the call claims to be: UnionPay signs refusals too
	now      time.Time
}

// unionPayFields are the fields of a message.
type unionPayFields map[string]string

// unionPayWork is what the gateway does, by address and kind of transaction.
var unionPayWork = map[string]struct {
	op operations
	do func(*Sim, *unionPayCall) (unionPayFields, error)
}{
	"backTransReq.do 01 07": {opPrepay, applyForCode},
	"backTransReq.do 04 00": {opRefund, refundUnionPay},
	"queryTrans.do 00 00":   {opQuery, queryUnionPay},
}

func (s *Sim) routeUnionPay() {
	for _, path := range []string{"backTransReq.do", "queryTrans.do"} {
		s.routes.HandleFunc("POST /gateway/api/"+path, func(w http.ResponseWriter, r *http.Request) {
			s.serve(w, r, newUnionPayCall(w, r, path))
		})
	}
	s.routes.HandleFunc("POST /gateway/api/frontTransReq.do", s.openUnionPayPage)
	s.routes.HandleFunc("GET /gateway/api/back/{id}", s.leaveUnionPayPage)
}

func newUnionPayCall(w http.ResponseWriter, r *http.Request, path string) *unionPayCall {
	c := &unionPayCall{path: path, p: unionPayFields{}}
	r.Body = http.MaxBytesReader(w, r.Body, 32<<10)
	if err := r.ParseForm(); err != nil {
		c.broken = unionPayError{"10", "报文格式错误"}
	}
	for name, values := range r.PostForm {
		if len(values) != 1 {
			c.broken = unionPayError{"10", "报文格式错误"}
		}
		c.p[name] = values[0]
	}
	c.call = call{claimed: c.p["merId"], number: c.p["orderId"], name: path + " " + c.p["txnType"], id: c.p["orderId"]}
	return c
}

// unionPayError is a refusal: its code and words are of the published table.
type unionPayError struct{ code, text string }

func (e unionPayError) Error() string { return e.code + " " + e.text }

// unionPayRefusals are UnionPay's words for each kind of refusal.
var unionPayRefusals = map[refusalKind]unionPayError{
	refuseSystem:    {"06", "系统繁忙，请稍后再试"},
	refuseRate:      {"37", "已超过最大查询次数或操作过于频繁"},
	refuseForbidden: {"32", "无此交易权限"},
	refuseUnlisted:  {"ZZ", "未知"},
}

func (c *unionPayCall) refusal(kind refusalKind) error { return unionPayRefusals[kind] }

// authenticate implements apiCall.
func (c *unionPayCall) authenticate(s *Sim) error {
	if c.broken != nil {
		return c.broken
	}
	a, ok := s.unionPay[c.claimed]
	if !ok {
		return errors.New("there is no such merchant")
	}
	c.merchant, c.now = a, s.now()
	if c.p["certId"] != a.Certificate.SerialNumber.String() {
		return unionPayError{"11", "验证签名失败"}
	}
	public, ok := a.Certificate.PublicKey.(*rsa.PublicKey)
	if !ok || !verify(public, c.p.digest(), c.p["signature"]) {
		return unionPayError{"11", "验证签名失败"}
	}
	if err := c.checkCommon(); err != nil {
		return err
	}
	c.account = a
	return c.route(s)
}

// route finds out what is asked for.
func (c *unionPayCall) route(s *Sim) error {
	if c.path == frontUnionPay {
		return nil
	}
	work, ok := unionPayWork[c.path+" "+c.p["txnType"]+" "+c.p["txnSubType"]]
	if !ok {
		return unionPayError{"10", "报文格式错误"}
	}
	c.op, c.do = work.op, work.do
	if c.op == opQuery && s.books.withRefund(c.account, c.number) != nil {
		c.op = opRefundQuery
	}
	return nil
}

func (c *unionPayCall) work(s *Sim) (any, error) { return c.do(s, c) }

// reply implements apiCall: signed by UnionPay's certificate, which it brings along,
// unless nobody knows whose call it was.
func (c *unionPayCall) reply(s *Sim, result any, err error) reply {
	rep := reply{status: http.StatusOK, contentType: "text/html;charset=UTF-8"}
	said, ok := result.(unionPayFields)
	if !ok {
		said = unionPayFields{}
	}
	answer := c.p.echo()
	maps.Copy(answer, said)
	if refused, ok := errors.AsType[unionPayError](err); ok {
		answer.says("resp", refused.code, refused.text)
	} else if err != nil {
		answer.says("resp", "10", "报文格式错误")
	}
	if c.merchant != nil {
		c.merchant.sign(answer, sealFor(c.struck))
	}
	rep.body = []byte(answer.text(""))
	return rep
}

// says sets a code and its words, which end with an inner code.
func (f unionPayFields) says(which, code, text string) {
	f[which+"Code"], f[which+"Msg"] = code, text+"["+code+"00000]"
}

// echoed are the fields that an answer repeats.
var echoed = []string{"version", "encoding", "signMethod", "bizType", "txnType", "txnSubType", "accessType", "merId", "orderId", "txnTime", "reqReserved"}

func (f unionPayFields) echo() unionPayFields {
	answer := unionPayFields{}
	for _, name := range echoed {
		if v, ok := f[name]; ok {
			answer[name] = v
		}
	}
	return answer
}

// text joins the fields but one, sorted, without escaping.
func (f unionPayFields) text(but string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if name != but {
			pairs = append(pairs, name+"="+f[name])
		}
	}
	return strings.Join(pairs, "&")
}

// digest is what is signed: the SHA-256 of the text, in lower-case hexadecimal.
func (f unionPayFields) digest() string {
	sum := sha256.Sum256([]byte(f.text("signature")))
	return hex.EncodeToString(sum[:])
}

// sign puts UnionPay's certificate and signature into a message.
func (a *unionPayAccount) sign(f unionPayFields, how seal) {
	by := a.signsBy(how)
	f["signPubKeyCert"] = string(by.certificate)
	if signature := how.signature(by.key, f.digest()); signature != "" {
		f["signature"] = signature
	}
}

// form returns the fields as a browser, or UnionPay's notification, posts them.
func (f unionPayFields) form() url.Values {
	v := url.Values{}
	for name, value := range f {
		v.Set(name, value)
	}
	return v
}
