package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

var markCases = []testCase{
	{"one-a-rail-until-it-ends", markOnce},
	{"cleared-by-a-person", markCleared},
}

func newMark() checkout.Mark {
	at := start.UTC().Truncate(time.Millisecond)
	return checkout.Mark{
		Merchant: "shop", Provider: "wechatpay", Account: "1900000001", Method: "wechat_pay", Rail: pay.RailQR,
		Code: "NO_AUTH", At: at, Until: at.Add(time.Hour), DocumentVersion: 3,
	}
}

func (fx *fixture) mark(m checkout.Mark, fresh bool) {
	fx.Helper()
	got, err := fx.Marks.Mark(fx.Context(), m)
	fx.must(err)
	if got != fresh {
		fx.Errorf("the mark of %v, version %d, is fresh: %t, want %t", m.At, m.DocumentVersion, got, fresh)
	}
}

func (fx *fixture) marked(at time.Time, want ...checkout.Mark) {
	fx.Helper()
	got, err := fx.Marks.Marks(fx.Context(), at)
	fx.must(err)
	if diff := cmp.Diff(want, append([]checkout.Mark(nil), got...)); diff != "" {
		fx.Errorf("marked at %v (-want +got):\n%s", at, diff)
	}
}

func markOnce(fx *fixture) {
	first := newMark()
	fx.marked(first.At)
	fx.mark(first, true)
	again := first
	again.Code, again.At, again.Until = "OTHER", first.At.Add(time.Minute), first.Until.Add(time.Minute)
	fx.mark(again, false)
	fx.marked(first.At, first)
	fx.marked(first.Until)
	newer := again
	newer.DocumentVersion++
	fx.mark(newer, true)
	fx.marked(newer.At, newer)
	later := newer
	later.At, later.Until = newer.Until, newer.Until.Add(time.Hour)
	fx.mark(later, true)
	fx.marked(later.At, later)
}

func markCleared(fx *fixture) {
	qr, link, other := newMark(), newMark(), newMark()
	link.Rail, other.Merchant, other.Account = pay.RailDeepLink, "another", "2"
	ali := newMark()
	ali.Method, ali.Provider = "alipay", "alipay"
	for _, m := range []checkout.Mark{qr, link, other, ali} {
		fx.mark(m, true)
	}
	clear := func(m pay.Method, r pay.Rail, want int) {
		fx.Helper()
		n, err := fx.Marks.ClearMarks(fx.Context(), "shop", m, r)
		fx.must(err)
		if n != want {
			fx.Errorf("%q %q: %d marks cleared, want %d", m, r, n, want)
		}
	}
	clear("wechat_pay", pay.RailDeepLink, 1)
	clear("wechat_pay", pay.RailJSAPI, 0)
	fx.marked(qr.At, other, ali, qr)
	clear("wechat_pay", "", 1)
	clear("", "", 1)
	fx.marked(qr.At, other)
}
