package admin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"morepay/internal/httpd"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
)

const (
	cookieName = "morepay_admin"
	maxIdle    = 30 * time.Minute // without a request, until one must sign in again
	maxStay    = 8 * time.Hour    // with any number of them
	maxPeople  = 256              // signed in at once: the one who has been idle longest goes
	maxName    = 64               // characters
	maxForm    = 64 << 10         // bytes

	triesAtOnce = 5
	tryEvery    = 10 * time.Second // once those are used up
	maxPeers    = 4096             // whose tries are counted
)

// door lets people in who have the admin key. It remembers them for as long as the
// process lives.
type door struct {
	keyHash string
	now     func() time.Time
	people  *lru.Cache[string, *person] // by the hash of their cookie

	mu    sync.Mutex // over tries
	tries *lru.Cache[string, *rate.Limiter]
}

// person is somebody who has signed in.
type person struct {
	name  string
	since time.Time

	mu     sync.Mutex
	seen   time.Time
	lang   string // "" for what the browser asks for
	notice string
}

func newDoor(keyHash string, now func() time.Time) *door {
	people, err := lru.New[string, *person](maxPeople)
	if err != nil {
		panic(err) // of a size that isn't positive
	}
	tries, err := lru.New[string, *rate.Limiter](maxPeers)
	if err != nil {
		panic(err) // of a size that isn't positive
	}
	return &door{keyHash: keyHash, now: now, people: people, tries: tries}
}

// find returns who a cookie belongs to, nil for nobody.
func (d *door) find(cookie string) *person {
	p, ok := d.people.Get(folder.HashKey(cookie))
	if !ok {
		return nil
	}
	now := d.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.seen) > maxIdle || now.Sub(p.since) > maxStay {
		d.people.Remove(folder.HashKey(cookie))
		return nil
	}
	p.seen = now
	return p
}

// admit lets somebody with the right key in, and returns their new cookie. Fails with
// unauthorized, or rate_limited.
func (d *door) admit(peer, key, name, lang string) (cookie string, err error) {
	if !d.mayTry(peer) {
		return "", pay.Errorf(pay.CodeRateLimited, "key", "too many tries: wait a little")
	}
	if d.keyHash == "" || subtle.ConstantTimeCompare([]byte(folder.HashKey(key)), []byte(d.keyHash)) != 1 {
		return "", pay.Errorf(pay.CodeUnauthorized, "key", "this is not the admin key")
	}
	now := d.now()
	cookie = rand.Text()
	d.people.Add(folder.HashKey(cookie), &person{name: name, since: now, seen: now, lang: lang})
	return cookie, nil
}

// mayTry uses up one of a peer's tries.
func (d *door) mayTry(peer string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	l, ok := d.tries.Get(peer)
	if !ok {
		l = rate.NewLimiter(rate.Every(tryEvery), triesAtOnce)
		d.tries.Add(peer, l)
	}
	return l.AllowN(d.now(), 1)
}

func (p *person) tell(notice string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notice = notice
}

// told returns what there is to tell, once.
func (p *person) told() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	notice := p.notice
	p.notice = ""
	return notice
}

func (p *person) speaks() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lang
}

func (p *person) speak(lang string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lang = lang
}

// enter finds out who comes. A browser that is not known gets a cookie, so that the form
// to sign in has something to be tied to.
func (a *Admin) enter(w http.ResponseWriter, r *http.Request) *visit {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	v := &visit{w: w, r: r, admin: a}
	if c, err := r.Cookie(cookieName); err == nil && c.Value != "" {
		v.cookie, v.person = c.Value, a.door.find(c.Value)
		return v
	}
	v.setCookie(rand.Text(), maxStay)
	return v
}

func (v *visit) setCookie(value string, age time.Duration) {
	v.cookie = value
	http.SetCookie(v.w, &http.Cookie{
		Name: cookieName, Value: value, Path: Root, MaxAge: int(age.Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: v.r.TLS != nil || v.r.Header.Get("X-Forwarded-Proto") == "https",
	})
}

// token is what a form must send back: nobody knows it who can't read our pages.
func (v *visit) token() string {
	mac := hmac.New(sha256.New, v.admin.secret)
	mac.Write([]byte(v.cookie))
	return hex.EncodeToString(mac.Sum(nil))
}

// checkForm fails with form_expired if a form is none that we drew for this browser.
func (v *visit) checkForm() error {
	if err := v.r.ParseForm(); err != nil {
		return pay.Errorf(pay.CodeInvalid, "", "the form is malformed or too long")
	}
	if !hmac.Equal([]byte(v.r.PostForm.Get("csrf")), []byte(v.token())) {
		return pay.Errorf(pay.CodeFormExpired, "", "the form is too old: load the page again")
	}
	return nil
}

// field returns what was written into a field of the form.
func (v *visit) field(name string) string { return strings.TrimSpace(v.r.PostForm.Get(name)) }

// signInBody is the page that asks who comes.
type signInBody struct {
	Disabled bool // there is no key
	Next     string
	Name     string
	Problem  *problem
}

// ask draws the form to sign in.
func (v *visit) ask(status int, refused error) error {
	body := signInBody{Disabled: v.admin.KeyHash == "", Next: ours(v.r.URL.RequestURI())}
	if v.r.Method == http.MethodPost {
		body.Next, body.Name = ours(v.r.PostFormValue("next")), v.field("name")
	}
	if refused != nil {
		body.Problem = problemOf(refused)
	}
	return v.draw(status, "sign-in.html", body)
}

func (a *Admin) signIn(v *visit) error {
	if err := v.checkForm(); err != nil {
		return err
	}
	name := v.field("name")
	if n := len([]rune(name)); n == 0 || n > maxName {
		return v.ask(http.StatusBadRequest, pay.Errorf(pay.CodeInvalid, "name", "a name is needed, of 64 characters at most"))
	}
	peer, _, _ := net.SplitHostPort(v.r.RemoteAddr)
	cookie, err := a.door.admit(peer, v.field("key"), name, v.field("lang"))
	if err != nil {
		a.Log.WarnContext(v.r.Context(), "an admin was not let in", "author", name, "peer", peer, "err", err)
		if pay.CodeOf(err) == pay.CodeRateLimited {
			v.w.Header().Set("Retry-After", strconv.Itoa(int(tryEvery.Seconds())))
		}
		return v.ask(httpd.StatusOf(err), err)
	}
	a.Log.InfoContext(v.r.Context(), "an admin signed in", "author", name)
	v.setCookie(cookie, maxStay)
	v.redirect(v.field("next"))
	return nil
}

func (a *Admin) signOut(v *visit) (done, error) {
	a.door.people.Remove(folder.HashKey(v.cookie))
	v.setCookie("", -time.Second)
	return done{page: Root}, nil
}

// speak changes the language of the pages.
func (a *Admin) speak(v *visit) (done, error) {
	lang := v.field("lang")
	if languages[lang] == nil {
		return done{}, pay.Errorf(pay.CodeInvalid, "lang", "must be en or zh-CN")
	}
	v.person.speak(lang)
	return done{page: v.field("next")}, nil
}
