// Package watch writes down what payers' browsers do about a session: which page was drawn
// for which device, which form was posted and where its answer led, who came back, how long
// a stream stood. What no request shows, a page tells if the demo gives it the script for
// that: whether anybody sees it, that it asks whether a wallet opened. It stands around the
// demo's public routes, and what it knows goes into a session's trace. Nothing of the payer
// is kept: no token, address, name or text.
//
// What must not live here: anything else that changes a request or its answer.
package watch

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"morepay/internal/page"
	"morepay/internal/trace"
)

// What is remembered, the newest of each.
const (
	maxSessions = 500
	maxFacts    = 300 // of a session
)

// Config says what a Book needs to know of the server that it watches.
type Config struct {
	Session func(ctx context.Context, token string, friend bool) (id string) // of a page's token, "" if there is none
	Via     func(*http.Request) string                                       // the network's mode, or ""
	Now     func() time.Time
	Script  Script // none if its path is ""
}

// Script is a script of the page with what makes the page tell of itself behind it, in
// place of the plain one.
type Script struct {
	Path string // of the plain one
	Body []byte
}

// Book holds what was heard, session by session.
type Book struct {
	Config

	mu       sync.Mutex
	stories  *lru.Cache[string, *story] // by session id
	sessions *lru.Cache[string, string] // by a page's path
}

// New makes a Book.
func New(c Config) *Book {
	b := &Book{Config: c}
	b.stories, _ = lru.New[string, *story](maxSessions) // fails for sizes below 1 only
	b.sessions, _ = lru.New[string, string](maxSessions)
	return b
}

// story is what was heard of one session.
type story struct {
	facts  []*fact // oldest first
	device string  // of the page that was drawn last
	order  string  // method and rail of the form that was posted last
}

// fact is one thing that was heard, which may not be over.
type fact struct {
	at time.Time
	trace.Browser
}

// repeats are what pages without streams do again and again.
var repeats = []string{trace.Draws, trace.Asks, trace.Checks, trace.SavesCode, trace.LoadsClient}

// Of returns what was heard of a session, oldest first.
func (b *Book) Of(session string) []trace.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.stories.Get(session)
	if !ok {
		return nil
	}
	list := make([]trace.Entry, len(s.facts))
	for i, f := range s.facts {
		list[i] = f.Browser.At(f.at)
	}
	return list
}

// Handler returns next, watched.
func (b *Book) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/app.wasm") {
			b.client(r)
		}
		if b.Script.Path != "" && r.URL.Path == b.Script.Path {
			b.Script.serve(w, r)
			return
		}
		token, below, friend := split(r.URL.Path)
		hear := routes[r.Method+" "+below]
		tells := b.Script.Path != "" && r.Method == http.MethodPost && below == "tell"
		if token == "" || hear == nil && !tells {
			next.ServeHTTP(w, r)
			return
		}
		session := b.session(r.Context(), token, friend)
		if session == "" {
			next.ServeHTTP(w, r)
			return
		}
		if tells {
			b.tell(w, r, session, friend)
			return
		}
		h := &hearing{book: b, session: session, request: r, answer: &answer{ResponseWriter: w}, body: keep(r)}
		h.answer.ended = h.streamed
		h.parsed = page.Read(token, r.URL.Query(), r.UserAgent(), "", true)
		h.began = h.first(friend)
		h.fact = b.begin(session, h.began)
		defer func() { h.end(hear) }()
		next.ServeHTTP(h.answer, r)
	})
}

func (s Script) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // as the plain one has it
	w.Header().Set("Cache-Control", "no-store")                    // the address is the plain one's
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.Body))
}

// tell writes down what a page tells of itself.
func (b *Book) tell(w http.ResponseWriter, r *http.Request, session string, friend bool) {
	word, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32))
	if err != nil || !slices.Contains(trace.Told, string(word)) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	b.begin(session, trace.Browser{Did: string(word), Friend: friend, Via: b.Via(r), Scripts: true})
	w.WriteHeader(http.StatusNoContent)
}

// split takes the path of a page's route apart.
func split(path string) (token, below string, friend bool) {
	rest, ok := strings.CutPrefix(path, page.Path(""))
	if !ok {
		if rest, friend = strings.CutPrefix(path, page.FriendPrefix); !friend {
			return "", "", false
		}
	}
	token, below, _ = strings.Cut(rest, "/")
	return token, below, friend
}

// session returns the id of the session that a page is of.
func (b *Book) session(ctx context.Context, token string, friend bool) string {
	key := page.Request{Token: token, Friend: friend}.Path()
	if id, ok := b.sessions.Get(key); ok {
		return id
	}
	id := b.Session(ctx, token, friend)
	if id != "" {
		b.sessions.Add(key, id)
	}
	return id
}

// client hears that a page loads the client. Browsers that have it already do not ask
// again.
func (b *Book) client(r *http.Request) {
	from, err := r.URL.Parse(r.Referer())
	if err != nil {
		return
	}
	token, _, friend := split(from.Path)
	if token == "" {
		return
	}
	if id := b.session(r.Context(), token, friend); id != "" {
		b.begin(id, trace.Browser{Did: trace.LoadsClient, Friend: friend, Via: b.Via(r), Scripts: true})
	}
}

// begin adds a fact to a session's story.
func (b *Book) begin(session string, heard trace.Browser) *fact {
	f := &fact{at: b.Now(), Browser: heard}
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.stories.Get(session)
	if !ok {
		s = &story{}
		b.stories.Add(session, s)
	}
	if s.facts = append(s.facts, f); len(s.facts) > maxFacts {
		s.facts = s.facts[len(s.facts)-maxFacts:]
	}
	return f
}

// finish changes a fact once more is known. What says the same as the fact before it is
// only counted there.
func (b *Book) finish(session string, f *fact, change func(*story, *trace.Browser)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.stories.Get(session)
	if !ok {
		return // forgotten meanwhile
	}
	change(s, &f.Browser)
	i := slices.Index(s.facts, f)
	if i < 1 || !slices.Contains(repeats, f.Did) {
		return
	}
	before := s.facts[i-1].Browser
	if before.Times = 0; before == f.Browser {
		s.facts[i-1].Times = max(1, s.facts[i-1].Times) + 1
		s.facts = slices.Delete(s.facts, i, i+1)
	}
}
