package provider_test

import (
	"fmt"
	"sync"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// One adapter serves every payer of its merchant at once.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	const payers = 20
	for id, list := range rails {
		t.Run(id, func(t *testing.T) {
			fx := newFixture(t)
			var all sync.WaitGroup
			var orders []provider.Order
			for range payers {
				orders = append(orders, fx.order(id, list[0]))
				fx.request(id, orders[len(orders)-1])
			}
			for _, o := range orders {
				all.Go(func() {
					if err := fx.payAlone(id, o); err != nil {
						t.Errorf("%s: %v", o.OutTradeNo, err)
					}
				})
			}
			all.Wait()
			for range payers {
				if told := fx.next(id); told.err != nil || told.statement.Outcome != pay.OutcomePaid {
					t.Errorf("told %+v", told)
				}
			}
		})
	}
}

// payAlone goes the way of one payer, from the request to the answer of a query.
func (fx *fixture) payAlone(id string, o provider.Order) error {
	p := fx.providers[id]
	action, err := p.Start(fx.t.Context(), o.Rail, fx.requests[o.OutTradeNo])
	if err != nil {
		return err
	}
	if err := payers[action.Kind](fx, action, o.OutTradeNo); err != nil {
		return err
	}
	ev, err := p.Query(fx.t.Context(), provider.QueryOrder{OutTradeNo: o.OutTradeNo, Request: fx.requests[o.OutTradeNo]})
	if err != nil || ev.Outcome != pay.OutcomePaid || ev.Amount != o.Amount {
		return fmt.Errorf("the query says %+v, %v", ev, err)
	}
	return nil
}
