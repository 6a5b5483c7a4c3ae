// Package providersim plays payment companies over real HTTP, so that the whole
// product can be run, tested and shown without a merchant account, a phone or
// money. WeChat Pay has no sandbox: this is one.
//
// A [Sim] speaks WeChat Pay API v3, Alipay's gateway and UnionPay's (ACP 5.1.0) as their
// servers do, and plays a cashier that a merchant runs itself (docs/merchantlink.md): it
// verifies the merchant's signatures, signs its replies, seals and posts
// notifications and tries again when they are not accepted, keeps each order's
// state, and serves the web pages that payers pass through. It is strict and
// polite; every misbehaviour of a real provider is a row of the faults table
// ([Faults]) and happens on demand ([Sim.Inject]), reproducibly from a seed.
// Where it differs from the real companies is written in DIVERGENCES.md.
//
// # Set-up
//
//	sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1:8081"})
//	err := sim.AddWeChatAccount(providersim.WeChatAccount{MchID: "1900000001", …})
//	go sim.Run(ctx)      // delivers notifications
//	defer sim.Close()
//	http.Serve(listener, sim.Handler())
//
// Routes go by path, whatever the Host: a client of the real company is led
// here by changing scheme and host of its requests in its transport.
//
// # The phone
//
// GET /phone is a phone with both wallets, for people: codes on show can be
// scanned, approved and canceled, also without JavaScript. ?user=ming or hong
// says who holds it. POST /phone/bridge plays WeixinJSBridge: it takes the
// JSON of getBrandWCPayRequest with two more members, "user" and "do"
// ("approve" or "cancel"), and answers {"err_msg": "get_brand_wcpay_request:ok"}.
// POST /phone/sdk plays WeChat's SDK in a shop's own app, by the names of its
// PayReq: {"errCode": 0}, -1 or -2. For its mini program, POST /phone/login
// {"appid", "user"} plays wx.login, and POST /phone/requestpayment
// wx.requestPayment, by the bridge's names: {"errMsg": "requestPayment:ok"}.
// POST /phone/tradepay plays AlipayJSBridge: {"tradeNO", "user", "do"} is
// answered {"resultCode": "9000"}.
//
// # The control API
//
// For tests and consoles; bodies and answers are JSON and each call is also a
// method of Sim. A wallet's refusal is 409 {"refusal": {code, text, english}},
// a bad request 400 {"error"}. "user" is ming if absent.
//
//	GET    /control/codes      the QR codes that can be paid now
//	GET    /control/launched   the payments that deep links have opened
//	GET    /control/orders     all orders, newest first
//	POST   /control/scan       {"text", "how", "user"}: how is camera, album, long_press or link
//	POST   /control/approve    {"ref", "user"}: ref is a QR's text, a prepay_id, an out_trade_no or an id
//	POST   /control/cancel     {"ref", "user"}
//	POST   /control/decline    {"ref", "user", "why"}: the wallet declines with no_balance, risk, limit or no_network
//	GET    /control/phone      how each wallet is there
//	POST   /control/phone      {"wallet", "opens", "after_seconds", "session"}: opens is installed, absent, asks, late or swallowed
//	POST   /control/user       {"user"}: who holds the phone when a page asks
//	GET    /control/clock      {"now", "frozen", "server_now", "server_ahead_seconds"}
//	POST   /control/clock      {"advance_seconds", "freeze", "server_ahead_seconds"}: moves, stops and parts the clocks
//	POST   /control/reset      {}: no faults, clocks right, and the server's breakers, rates and marks forgotten
//	GET    /control/faults     the table, the rules in force, the seed, the accounts
//	POST   /control/faults     {"rules": [{"fault", "session", "number", "account", "operation", "next", "percent"}]} or {"preset": "chaos"}; with "seed", all begins again from it
//	DELETE /control/faults     ends all rules
//	GET    /control/history    ?account=&number=: calls that came in, notifications that went out
//	DELETE /control/history    forgets them
//
// # What must not live here
//
// Nothing of our side of the wire: not the adapters, nor their types, nor any
// code that both sides could be wrong in together. Nothing is stored, keys are
// given at the start, and only neighbours are served: a Sim must be of no use
// as a provider.
package providersim
