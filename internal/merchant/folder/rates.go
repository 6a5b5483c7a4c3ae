package folder

import "morepay/internal/pay"

// Rates limits a merchant's calls of the API, in calls a second and server. Each
// kind has a budget of its own, so that polling for events can't close the shop's
// checkout. 0 stands for the default.
type Rates struct {
	Writes int `json:"writes"` // POST, PUT and DELETE; 50 by default
	Reads  int `json:"reads"`  // GET of one thing, and decide; 100 by default
	Polls  int `json:"polls"`  // GET of lists, such as events; 10 by default
}

var defaultRates = Rates{Writes: 50, Reads: 100, Polls: 10}

// maxRate is more calls a second than one server answers.
const maxRate = 10_000

func (r Rates) check() (problems []error) {
	for _, f := range []struct {
		name string
		n    int
	}{{"writes", r.Writes}, {"reads", r.Reads}, {"polls", r.Polls}} {
		if f.n < 0 || f.n > maxRate {
			problems = append(problems, pay.Errorf(pay.CodeInvalid, "rate."+f.name, "must be a number of calls a second up to %d, is %d", maxRate, f.n))
		}
	}
	return problems
}

// orDefault fills in what the merchant's settings leave open.
func (r Rates) orDefault() Rates {
	fill := func(n *int, standard int) {
		if *n == 0 {
			*n = standard
		}
	}
	fill(&r.Writes, defaultRates.Writes)
	fill(&r.Reads, defaultRates.Reads)
	fill(&r.Polls, defaultRates.Polls)
	return r
}
