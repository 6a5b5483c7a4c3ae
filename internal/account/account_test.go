package account_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/account"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// named is an account of which only the name is asked, and who it is.
type named struct {
	provider.Provider
	name, keys string
}

func (n named) Account() string     { return n.name }
func (n named) Fingerprint() string { return n.keys }

func registry(t *testing.T) *account.Registry {
	t.Helper()
	r := account.NewRegistry(nil)
	for _, a := range []struct{ merchant, provider, name string }{
		{"shop", "wechatpay", "1"}, {"shop", "alipay", "1"}, {"other", "wechatpay", "2"},
	} {
		if err := r.Add(a.merchant, a.provider, named{name: a.name}); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestFind(t *testing.T) {
	t.Parallel()
	r := registry(t)
	if a := r.Of("shop", "alipay"); a == nil || a.Name() != "1" || a.Merchant != "shop" {
		t.Errorf("the shop's account is %+v", a)
	}
	if a := r.Named("wechatpay", "2"); a == nil || a.Merchant != "other" {
		t.Errorf("the account named 2 is %+v", a)
	}
	if r.Of("other", "alipay") != nil || r.Named("alipay", "2") != nil || r.Of("nobody", "alipay") != nil {
		t.Error("an account was found that there is not")
	}
	if n := len(r.All()); n != 3 {
		t.Errorf("there are %d accounts", n)
	}
}

// taker is an account that takes methods of other providers.
type taker struct {
	named
	methods []pay.Method
}

func (t taker) Methods() []pay.Method { return t.methods }

// A method is paid where the merchant's settings say, else at its own provider.
func TestByMethod(t *testing.T) {
	t.Parallel()
	r := registry(t)
	if err := r.Add("shop", "merchantlink", taker{named{name: "cashier"}, []pay.Method{"alipay"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		merchant string
		method   pay.Method
		want     string // provider and account; "" for none
	}{
		{"shop", "wechat_pay", "wechatpay 1"},
		{"shop", "alipay", "merchantlink cashier"},
		{"shop", "unionpay", "merchantlink cashier"},
		{"other", "wechat_pay", "wechatpay 2"},
		{"other", "alipay", ""},
		{"shop", "cash", ""},
	} {
		got := ""
		if a := r.ByMethod(c.merchant, c.method); a != nil {
			got = a.ProviderID + " " + a.Name()
		}
		if got != c.want {
			t.Errorf("%s is paid with %s at %q, want %q", c.merchant, c.method, got, c.want)
		}
	}
	if got := r.NoAccount("other"); slices.Contains(got, "wechat_pay") || !slices.Contains(got, "alipay") {
		t.Errorf("without an account are %v", got)
	}
}

// Shops of one company may share an account, which is down for all of them.
func TestAccountIsShared(t *testing.T) {
	t.Parallel()
	r := registry(t)
	if err := r.Add("third", "wechatpay", named{name: "1"}); err != nil {
		t.Fatal(err)
	}
	first, third := r.Named("wechatpay", "1"), r.Of("third", "wechatpay")
	if first.Merchant != "shop" || third.Merchant != "third" || len(r.All()) != 3 {
		t.Errorf("found %+v and %+v of %d", first, third, len(r.All()))
	}
	if first.For("third") != third || third.For("shop") != first || first.For("other") != nil || r.Named("wechatpay", "9").For("shop") != nil {
		t.Error("not found as its merchants have it")
	}
	for range 5 {
		_ = first.Call(t.Context(), "start", func(context.Context) error { return errors.New("no answer") })
	}
	if !third.Down() || r.Of("other", "wechatpay").Down() {
		t.Error("it is not down for those who share it, or for others too")
	}
}

// With other keys one of the two must be wrong.
func TestAccountIsNotShared(t *testing.T) {
	t.Parallel()
	r := registry(t)
	err := r.Add("third", "wechatpay", named{name: "1", keys: "others"})
	if err == nil || !strings.Contains(err.Error(), "shop") {
		t.Errorf("error is %v", err)
	}
	if len(r.All()) != 3 || r.Of("third", "wechatpay") != nil || r.Named("wechatpay", "1").For("third") != nil {
		t.Error("it was added all the same")
	}
}

func TestNoAccountIsNotDown(t *testing.T) {
	t.Parallel()
	r := registry(t)
	if none := r.NoAccount("nobody"); !slices.Equal(none, method.IDs()) {
		t.Errorf("without an account are %v", none)
	}
	if down := r.Down("nobody"); len(down) > 0 {
		t.Errorf("down are %v", down)
	}
}

// The breaker opens after five failures in a row and lets one call try again
// after its pause; a refusal is an answer.
func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := registry(t).Of("shop", "alipay")
		asked := 0
		call := func(err error) error {
			return a.Call(t.Context(), "query", func(context.Context) error { asked++; return err })
		}
		for range 10 {
			call(provider.ErrRefused)
		}
		if a.Down() {
			t.Fatal("a provider that answers is down")
		}
		for range 5 {
			call(errors.New("connection reset"))
		}
		asked = 0
		if err := call(nil); !a.Down() || pay.CodeOf(err) != pay.CodeProviderDown || asked != 0 {
			t.Fatalf("down %t, error %v, asked %d times", a.Down(), err, asked)
		}
		time.Sleep(16 * time.Second)
		if err := call(nil); err != nil || a.Down() || asked != 1 {
			t.Errorf("after a while: down %t, error %v, asked %d times", a.Down(), err, asked)
		}
	})
}

func TestCallEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		err := registry(t).Of("shop", "alipay").Call(t.Context(), "start", func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took > 10*time.Second {
			t.Errorf("error %v after %v", err, took)
		}
	})
}

// Accounts change all at once, and one that stays is as it was.
func TestReplace(t *testing.T) {
	t.Parallel()
	r := registry(t)
	began := r.Of("shop", "wechatpay")
	for range 5 {
		_ = began.Call(t.Context(), "query", func(context.Context) error { return errors.New("no answer") })
	}
	if !began.Down() {
		t.Fatal("the provider is not down")
	}
	next := account.NewRegistry(nil)
	for _, a := range []struct{ merchant, provider, name, keys string }{
		{"shop", "wechatpay", "1", "new"}, {"third", "wechatpay", "1", "new"}, {"other", "wechatpay", "3", ""},
	} {
		if err := next.Add(a.merchant, a.provider, named{name: a.name, keys: a.keys}); err != nil {
			t.Fatal(err) // the keys of an account that shops share change together
		}
	}
	r.Replace(next)
	if a := r.Of("shop", "wechatpay"); a == began || a.Provider.Fingerprint() != "new" || !a.Down() {
		t.Errorf("the account that stays is %+v", a)
	}
	if a := r.Of("third", "wechatpay"); a == nil || !a.Down() {
		t.Error("who shares it now does not know that it is down")
	}
	if r.Of("shop", "alipay") != nil || r.Named("wechatpay", "2") != nil || r.Named("wechatpay", "3") == nil || r.Named("wechatpay", "3").Down() {
		t.Error("the accounts are not those of the new set")
	}
	if began.Provider.Fingerprint() != "" || began.For("shop") != began {
		t.Error("who began with the account before has lost it")
	}
}

// Work in the background gets no more places by a replacement.
func TestReplaceKeepsPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registry(t)
		busy := make(chan struct{})
		for range 100 {
			acc := r.Of("shop", "wechatpay")
			go func() { _ = acc.InBackground(t.Context(), func() error { <-busy; return nil }) }()
			synctest.Wait()
		}
		r.Replace(registry(t))
		if err := r.Of("shop", "wechatpay").InBackground(t.Context(), func() error { return nil }); !errors.Is(err, account.ErrCrowded) {
			t.Errorf("error is %v", err)
		}
		close(busy)
	})
}
