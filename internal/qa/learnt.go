package qa

import (
	"slices"
	"time"

	"morepay/internal/capability"
	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// Learnt is a rail that a document offers and that the provider was found to
// refuse to the merchant's account.
type Learnt struct {
	Merchant string     `json:"-"`
	Method   pay.Method `json:"-"`
	Rail     pay.Rail   `json:"rail"`
	Code     string     `json:"code"` // the provider's reason
	At       time.Time  `json:"at"`
	Until    time.Time  `json:"until"` // it is offered again from then on
}

// LearntOf reads what a server keeps of the rails that documents offer: the marks of
// documents that are in force at that time.
func LearntOf(marks []checkout.Mark, docs []*capability.Document, at time.Time) (list []Learnt) {
	versions := map[string]int64{}
	for _, d := range docs {
		versions[d.Merchant] = d.Version
	}
	for _, m := range marks {
		if m.DocumentVersion == versions[m.Merchant] && !m.At.After(at) {
			list = append(list, Learnt{Merchant: m.Merchant, Method: m.Method, Rail: m.Rail, Code: m.Code, At: m.At, Until: m.Until})
		}
	}
	return list
}

// learntOf returns the part of a list that is about a merchant's method.
func learntOf(learnt []Learnt, merchant string, m pay.Method) []Learnt {
	return slices.DeleteFunc(slices.Clone(learnt), func(l Learnt) bool { return l.Merchant != merchant || l.Method != m })
}

// knowing returns the order with what was learnt of a merchant's rails.
func knowing(order capability.Order, learnt []Learnt, merchant string) capability.Order {
	order.NotGranted = slices.Clone(order.NotGranted)
	for _, l := range learnt {
		if l.Merchant == merchant {
			order.NotGranted = append(order.NotGranted, capability.MethodRail{Method: l.Method, Rail: l.Rail})
		}
	}
	return order
}
