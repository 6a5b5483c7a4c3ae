package providersim

import "net/http"

// call holds what all API calls have in common.
type call struct {
	op      operations
	host    string  // that was asked; "" where a company has one only
	claimed string  // the account that the caller says it is
	account account // whose call it is; nil until that is proved
	number  string  // out_trade_no, as far as known
	struck  []*Fault
	delays  delays

	name string // for the history: method and path, or the gateway's method
	id   string // for the history: what the caller knows the reply by
}

func (c *call) common() *call { return c }

// apiCall is one API call in its company's dialect.
type apiCall interface {
	common() *call

	// authenticate finds out whose call it is, and what it asks for.
	authenticate(*Sim) error

	// refusal is a refusal in the company's words.
	refusal(refusalKind) error

	// work does what the call asks for.
	work(*Sim) (result any, err error)

	// reply writes a result or an error down, and seals it. It runs without the
	// lock, for signing takes long.
	reply(s *Sim, result any, err error) reply
}

// serve answers every API call: authenticate, let faults strike, refuse or
// work, reply, let faults spoil the reply.
func (s *Sim) serve(w http.ResponseWriter, r *http.Request, a apiCall) {
	result, err := s.process(a)
	rep, c := a.reply(s, result, err), a.common()
	for _, f := range c.struck {
		if f.reply != nil {
			f.reply(&rep)
		}
		if f.skew != 0 {
			rep.dated(s.options.Now().Add(f.skew))
		}
	}
	c.delays.pass(r.Context(), s.life)
	s.recordCall(c, rep, err)
	rep.write(w)
}

// process holds the lock while a call meets the books.
func (s *Sim) process(a apiCall) (result any, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := a.authenticate(s); err != nil {
		return nil, err
	}
	c := a.common()
	s.strikeCall(c)
	for _, f := range c.struck {
		if f.refuse != "" {
			return nil, a.refusal(f.refuse)
		}
	}
	for _, f := range c.struck {
		if o := s.books.find(c.account, c.number); f.before != nil && o != nil {
			f.before(s, o)
		}
	}
	if result, err = a.work(s); err != nil {
		return nil, err
	}
	for _, f := range c.struck {
		if o := s.books.find(c.account, c.number); f.after != nil && o != nil {
			c.delays.until = f.after(s, o)
		}
	}
	return result, nil
}

// recordCall enters a call into the history.
func (s *Sim) recordCall(c *call, rep reply, err error) {
	e := Exchange{Account: c.claimed, Number: c.number, Name: c.name, ID: c.id, Status: rep.seen(), Faults: names(c.struck)}
	if err != nil {
		e.Problem = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.At = s.now()
	s.record.add(e)
}
