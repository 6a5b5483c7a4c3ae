package wechatpay_test

import (
	"encoding/json"
	"net/netip"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/wechatpay"
)

// WeChat Pay compares the address in an H5 order with that of the phone: in live
// mode one that nobody has on the internet is of no use, and is not sent.
func TestPayersAddress(t *testing.T) {
	t.Parallel()
	live := open(t, providertest.Nowhere, nil)
	env := providertest.Env(providertest.Nowhere, keyFiles())
	env.TestURL = "http://127.0.0.1:8081"
	test := providertest.Open(t, wechatpay.Open, goodSettings(), env)
	for address, public := range map[string]bool{
		"123.125.81.6": true, "::ffff:123.125.81.6": true, "240e:390::1": true,
		"127.0.0.1": false, "::1": false, "10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "::ffff:10.0.0.1": false,
		"169.254.1.1": false, "fe80::1": false, "fd00::1": false, "0.0.0.0": false, "::": false,
		"100.100.100.200":    false,                             // shared by a carrier's customers
		"64:ff9b::7b7d:5106": false, "2002:7b7d:5106::1": false, // stand for others
		"203.0.113.9": false, "2001:db8::1": false, "224.0.0.1": false, "255.255.255.255": false,
	} {
		ip := netip.MustParseAddr(address)
		if err := live.(provider.PayerChecker).CheckPayer(pay.RailDeepLink, ip); (err == nil) != public {
			t.Errorf("%s: %v", address, err)
		}
		if err := test.(provider.PayerChecker).CheckPayer(pay.RailDeepLink, ip); err != nil {
			t.Errorf("%s in test mode: %v", address, err)
		}
		if err := live.(provider.PayerChecker).CheckPayer(pay.RailQR, ip); err != nil {
			t.Errorf("%s for a code: %v", address, err)
		}
		o := order(pay.RailDeepLink)
		o.PayerIP = address
		if _, err := live.Request(o); (err == nil) != public {
			t.Errorf("an order from %s: %v", address, err)
		}
	}
}

// What is sent is the address itself, not as sockets that take both kinds write it.
func TestPayersAddressIsPlain(t *testing.T) {
	t.Parallel()
	o := order(pay.RailDeepLink)
	o.PayerIP = "::ffff:123.125.81.6"
	request, err := open(t, providertest.Nowhere, nil).Request(o)
	if err != nil {
		t.Fatal(err)
	}
	var kept struct {
		Body struct {
			SceneInfo struct {
				PayerClientIP string `json:"payer_client_ip"`
			} `json:"scene_info"`
		}
	}
	if err := json.Unmarshal(request, &kept); err != nil || kept.Body.SceneInfo.PayerClientIP != "123.125.81.6" {
		t.Errorf("sent %+v, %v", kept, err)
	}
}
