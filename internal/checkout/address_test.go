package checkout_test

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/account"
	"morepay/internal/capability"
	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/wechatpay"
)

// oneDocument is the document of every merchant.
type oneDocument struct{ doc *capability.Document }

func (d oneDocument) Document(context.Context, string) (*capability.Document, int64, error) {
	return d.doc, 1, nil
}

func (d oneDocument) DocumentAt(context.Context, string, int64) (*capability.Document, error) {
	return d.doc, nil
}

// liveWeChat is an account in live mode, as adjust makes it. Nothing is asked of it.
func liveWeChat(t *testing.T, adjust func(settings map[string]any)) provider.Provider {
	t.Helper()
	settings := map[string]any{
		"app_secret": "app",
		"mchid":      "1900000001", "appid": "wx8888888888888888", "certificate_serial": "5157F09EFDC096DE", "private_key": "own",
		"api_v3_key": "v3", "public_key_id": "PUB_KEY_ID_0119", "public_key": "platform",
	}
	adjust(settings)
	return providertest.Open(t, wechatpay.Open, settings, providertest.Env(providertest.Nowhere, map[string][]byte{
		"own": providertest.PrivatePEM(providertest.MerchantKey()), "platform": providertest.PublicPEM(providertest.ProviderKey()),
		"v3": []byte("0123456789abcdef0123456789abcdef"), "app": []byte("0123456789abcdef0123456789abcdef"),
	}))
}

const phone = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36"

// Where proxies hide the payers' addresses, WeChat's H5 would fail at the launch of
// the app: it is left out, the payer sees that on the page, and a person hears of
// it once an hour.
func TestPayersAddress(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	log := &strings.Builder{}
	now := fx.Now()
	accounts := account.NewRegistry(nil)
	fx.must(accounts.Add(harness.Merchant, wechatpay.ID, liveWeChat(t, func(map[string]any) {})))
	ledgers := fx.Stores().Ledgers
	s := checkout.New(checkout.Config{
		Store: ledgers, Desk: ledgers, Marks: fx.Stores().Marks, Accounts: accounts, BaseURL: fx.BaseURL,
		Documents: oneDocument{fx.Shop(harness.Merchant).Document}, Now: func() time.Time { return now },
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	l := fx.ledger(fx.open())
	ladder := func(address string) []pay.Rail {
		f, err := s.Facts(t.Context(), l, "", netip.MustParseAddr(address))
		fx.must(err)
		c, _ := capability.Decide(f.Document, f.Order, device.Detect(phone), now).Choice(wechat)
		return c.Ladder
	}
	warnings := func() int { return strings.Count(log.String(), "level=WARN") }

	if got := ladder("123.125.81.6"); !slices.Equal(got, []pay.Rail{pay.RailDeepLink, pay.RailPageQR}) || warnings() != 0 {
		t.Errorf("from the internet: %v, log %s", got, log)
	}
	for range 3 {
		if got := ladder("10.0.0.1"); !slices.Equal(got, []pay.Rail{pay.RailPageQR}) {
			t.Errorf("from behind a proxy: %v", got)
		}
	}
	if warnings() != 1 || !strings.Contains(log.String(), "--trusted-proxies") {
		t.Errorf("log %s", log)
	}
	request := checkout.AttemptRequest{Method: wechat, Rail: pay.RailDeepLink, Device: device.Detect(phone), PayerIP: netip.MustParseAddr("10.0.0.1")}
	fx.code(s.MayAttempt(t.Context(), l, request), pay.CodeMethodUnavailable, "rail", "a rail that was left out")
	request.PayerIP = netip.MustParseAddr("123.125.81.6")
	fx.must(s.MayAttempt(t.Context(), l, request))
	now = now.Add(time.Hour)
	if ladder("10.0.0.1"); warnings() != 2 {
		t.Errorf("an hour later: log %s", log)
	}
}

// What a document grants and the account can't take, because the two are of different
// times, leads no payer into a dead end.
func TestRailThatTheAccountCannotTake(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	const inWeChat = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.60"
	for _, c := range []struct {
		name   string
		adjust func(map[string]any)
		want   []pay.Rail
	}{
		{"it-can", func(map[string]any) {}, []pay.Rail{pay.RailJSAPI, pay.RailPageQR}},
		{"it-cannot", func(s map[string]any) { delete(s, "app_secret") }, []pay.Rail{pay.RailPageQR}},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := &strings.Builder{}
			accounts := account.NewRegistry(nil)
			fx.must(accounts.Add(harness.Merchant, wechatpay.ID, liveWeChat(t, c.adjust)))
			ledgers := fx.Stores().Ledgers
			s := checkout.New(checkout.Config{
				Store: ledgers, Desk: ledgers, Marks: fx.Stores().Marks, Accounts: accounts, BaseURL: fx.BaseURL,
				Documents: oneDocument{fx.Shop(harness.Merchant).Document}, Now: fx.Now, Log: slog.New(slog.NewTextHandler(log, nil)),
			})
			f, err := s.Facts(t.Context(), fx.ledger(fx.open()), "", netip.MustParseAddr("123.125.81.6"))
			fx.must(err)
			choice, _ := capability.Decide(f.Document, f.Order, device.Detect(inWeChat), fx.Now()).Choice(wechat)
			if !slices.Equal(choice.Ladder, c.want) || strings.Contains(log.String(), "can't be paid by them") != (len(c.want) == 1) {
				t.Errorf("offered are %v, want %v; log %s", choice.Ladder, c.want, log)
			}
		})
	}
}
