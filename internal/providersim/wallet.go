package providersim

import (
	"errors"
	"time"
)

// How is the way in which a text got into the phone.
type How string

// The ways.
const (
	ByCamera    How = "camera"
	ByAlbum     How = "album"      // recognised from a saved picture
	ByLongPress How = "long_press" // recognised in a page
	ByLink      How = "link"       // tapped or pasted into a browser
)

// Hows lists all of them.
var Hows = []How{ByCamera, ByAlbum, ByLongPress, ByLink}

// Payment is an order as the phone and the control API show it.
type Payment struct {
	ID          string    `json:"id"`
	Wallet      Wallet    `json:"wallet"`
	Account     string    `json:"account"` // mchid or app id
	Payee       string    `json:"payee"`
	Number      string    `json:"number"` // out_trade_no
	Product     Product   `json:"product"`
	Description string    `json:"description"`
	Fen         int64     `json:"fen"`
	Currency    string    `json:"currency,omitempty"` // if it isn't CNY
	Returned    int64     `json:"returned,omitempty"` // fen that went back, or are on their way
	State       string    `json:"state"`              // unpaid, paid, closed or refunded
	Payer       User      `json:"payer"`              // who has opened it, or ""
	Text        string    `json:"text,omitempty"`     // of its newest QR, or its prepay_id
	Return      string    `json:"return,omitempty"`   // where the payer's browser goes next
	CreatedAt   time.Time `json:"created_at"`
	ExpiresAt   time.Time `json:"expires_at"` // of Text
}

// Amount returns the sum in yuan, with two decimals.
func (p Payment) Amount() string { return yuan(p.Fen) }

var stateNames = [...]string{stateUnpaid: "unpaid", statePaid: "paid", stateClosed: "closed", stateRefunded: "refunded"}

// show returns an order's Payment; of no order, the empty one.
func (s *Sim) show(o *order) Payment {
	if o == nil {
		return Payment{}
	}
	p := Payment{
		ID: o.id, Wallet: o.account.wallet(), Account: o.account.id(), Payee: o.account.payee(), Number: o.number, Product: o.product,
		Description: o.description, Fen: o.fen, Currency: o.currency, Returned: o.refundedFen(), State: stateNames[o.state(s.now())], Payer: o.payer, Return: o.quitURL, CreatedAt: o.created,
	}
	if !o.paidAt.IsZero() {
		p.Return = o.returnURL
	}
	if o.pass != nil {
		p.Text, p.ExpiresAt = o.pass.text, o.pass.expires
	}
	return p
}

// Refusal is a wallet's message to its user instead of a payment.
type Refusal struct {
	Code    string `json:"code"`
	Text    string `json:"text"`    // the wallet's own words
	English string `json:"english"` // what they mean
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Text }

// walletWords are the words of each wallet for each reason. Those of WeChat
// are the real ones where they are known.
var walletWords = map[Wallet]map[error]string{
	WeChat: {
		errUnknownCode:  "无法识别该二维码",
		errDeadCode:     "二维码已失效，请返回商户页面刷新后重试",
		errClosed:       "订单已关闭，请重新下单支付",
		errTooLate:      "订单已过期，请重新下单支付",
		errPaid:         "该订单已支付",
		errOtherPayer:   "商家订单信息有误，请重新下单支付",
		errSharedLink:   "签名验证失败",
		errWrongPerson:  "下单账号与支付账号不一致，请核实后再支付",
		errFromAlbum:    "为保障支付安全，暂不支持通过从相册识别二维码完成支付",
		errLongPress:    "该商户暂不支持通过长按识别二维码完成支付",
		errAsLink:       "该交易方式存在风险，暂不支持此方式",
		errNotScannable: "请使用微信扫一扫完成支付",
		errBadBridge:    "支付验证签名失败",
		errDeadLink:     "支付请求已失效，请重新发起支付",
		errOtherNetwork: "网络环境未能通过安全验证，请稍后再试",
		errNoBalance:    "余额不足，请更换支付方式",
		errRisk:         "当前交易存在风险，为保障你的资金安全，本次支付已被拦截",
		errLimit:        "已超过单日支付限额，请更换支付方式",
		errNoNetwork:    "网络不给力，请检查网络后重试",
	},
	Alipay: {
		errUnknownCode:  "无法识别该二维码",
		errDeadCode:     "二维码已失效，请刷新后重试",
		errClosed:       "交易已关闭",
		errTooLate:      "交易已超时关闭",
		errPaid:         "交易已支付，请勿重复付款",
		errOtherPayer:   "交易买家不匹配",
		errSharedLink:   "交易买家不匹配",
		errWrongPerson:  "交易买家不匹配",
		errNotScannable: "请使用支付宝扫一扫完成支付",
		errBadBridge:    "交易信息有误",
		errDeadLink:     "支付链接已失效，请重新发起支付",
		errNoBalance:    "余额不足，请选择其他付款方式",
		errRisk:         "为了保障您的资金安全，本次交易已被系统拦截",
		errLimit:        "付款金额超过限额，请选择其他付款方式",
		errNoNetwork:    "网络不给力，请稍后再试",
	},
	UnionPay: {
		errUnknownCode:  "无法识别该二维码",
		errDeadCode:     "二维码已失效，请返回商户页面重试",
		errClosed:       "订单已超时，请重新下单",
		errTooLate:      "订单已超时，请重新下单",
		errPaid:         "订单已支付，请勿重复支付",
		errOtherPayer:   "订单正由他人支付",
		errSharedLink:   "订单正由他人支付",
		errWrongPerson:  "订单正由他人支付",
		errNotScannable: "请使用云闪付扫一扫完成支付",
		errBadBridge:    "订单信息有误",
		errDeadLink:     "页面已失效，请返回商户页面重试",
		errNoBalance:    "余额不足，请更换银行卡",
		errRisk:         "交易存在风险，已拒绝",
		errLimit:        "交易金额超限，请更换银行卡",
		errNoNetwork:    "网络异常，请稍后重试",
	},
	MerchantLink: {
		errUnknownCode:  "无法识别该支付链接",
		errDeadCode:     "支付链接已失效，请返回商户页面重试",
		errClosed:       "订单已关闭",
		errTooLate:      "订单已过期",
		errPaid:         "订单已支付",
		errOtherPayer:   "订单正由他人支付",
		errSharedLink:   "订单正由他人支付",
		errWrongPerson:  "订单正由他人支付",
		errNotScannable: "请从商户页面进入收银台",
		errBadBridge:    "订单信息有误",
		errDeadLink:     "支付链接已失效，请返回商户页面重试",
		errNoBalance:    "余额不足",
		errRisk:         "交易存在风险，已拒绝",
		errLimit:        "超过支付限额",
		errNoNetwork:    "网络异常，请稍后重试",
	},
}

// english explains each reason.
var english = map[error]string{
	errUnknownCode:  "This code isn't one of a wallet.",
	errDeadCode:     "This code is dead: it is too old, or a newer one has taken its place.",
	errClosed:       "The merchant closed this order.",
	errTooLate:      "The time to pay this order is over.",
	errPaid:         "This order is paid already.",
	errOtherPayer:   "Another user has scanned this order. One order, one payer.",
	errSharedLink:   "Another user has opened this link. One order, one payer.",
	errWrongPerson:  "The order was made for another user.",
	errFromAlbum:    "Payment codes can't be taken from the album.",
	errLongPress:    "Payment codes can't be long-pressed.",
	errAsLink:       "A payment code is not a link.",
	errNotScannable: "Scan this payment's code first.",
	errBadBridge:    "The bridge's parameters or their signature are wrong.",
	errDeadLink:     "This link has expired.",
	errOtherNetwork: "The order was made for another network address.",
	errNoBalance:    "The balance is too low.",
	errRisk:         "Risk control has stopped this payment.",
	errLimit:        "The amount is over a limit.",
	errNoNetwork:    "The phone has lost its network.",
}

// inWords says an error of the books in a wallet's words, or in plain English
// if the wallet has none of its own.
func inWords(w Wallet, err error) *Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	text, ok := walletWords[w][err]
	if !ok {
		text = english[err]
	}
	return &Refusal{Code: err.Error(), Text: text, English: english[err]}
}

// scannable are the products whose pass is a QR, with what else than the
// camera may read it.
var scannable = map[Product]map[How]error{
	Native: {ByAlbum: errFromAlbum, ByLongPress: errLongPress, ByLink: errAsLink},
	QRCode: {},

	UnionPayQR: {},
	MerchantQR: {},
}

// Codes lists the QR codes that a camera could pay now, newest first.
func (s *Sim) Codes() []Payment {
	return s.list(func(o *order) bool {
		_, isQR := scannable[o.product]
		return isQR && o.pass != nil && s.now().Before(o.pass.expires) && s.payable(o) == nil
	})
}

// Launched lists the payments that a browser's deep link has brought to the
// phone and that wait for their payer, newest first.
func (s *Sim) Launched() []Payment {
	return s.list(func(o *order) bool { return o.launched && s.payable(o) == nil })
}

// Orders lists every order, newest first.
func (s *Sim) Orders() []Payment { return s.list(func(*order) bool { return true }) }

func (s *Sim) list(keep func(*order) bool) []Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Payment{}
	for _, o := range s.books.newestFirst(keep) {
		list = append(list, s.show(o))
	}
	return list
}

// Scan reads a code as user and opens its order. Fails with *Refusal.
func (s *Sim) Scan(user User, text string, how How) (Payment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.passes[text]
	if p == nil {
		return Payment{}, inWords(WeChat, errUnknownCode)
	}
	refused, isQR := scannable[p.order.product]
	if !isQR {
		return Payment{}, inWords(p.order.account.wallet(), errUnknownCode)
	}
	if err := refused[how]; err != nil {
		return s.show(p.order), inWords(p.order.account.wallet(), err)
	}
	return s.openPass(p, user)
}

// openPass opens the order of a pass that still lives.
func (s *Sim) openPass(p *pass, user User) (Payment, error) {
	err := errDeadCode
	if s.now().Before(p.expires) {
		err = s.open(p.order, user)
	}
	if err != nil {
		return s.show(p.order), inWords(p.order.account.wallet(), err)
	}
	return s.show(p.order), nil
}

// Look shows user a payment that was scanned or launched. Fails with *Refusal.
func (s *Sim) Look(user User, id string) (Payment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.books.byID[id]
	if o == nil {
		return Payment{}, inWords(WeChat, errUnknownCode)
	}
	if o.payer == user && o.state(s.now()) != stateUnpaid {
		return s.show(o), nil
	}
	if o.payer == "" && !o.launched {
		return s.show(o), inWords(o.account.wallet(), errNotScannable)
	}
	if err := s.open(o, user); err != nil {
		return s.show(o), inWords(o.account.wallet(), err)
	}
	return s.show(o), nil
}

// Approve pays as user what ref names: a QR's text, a prepay_id, an
// out_trade_no or the id of a Payment. What user has not opened yet is opened
// first, in the way that is meant for it. Fails with *Refusal.
func (s *Sim) Approve(user User, ref string) (Payment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.reach(user, ref)
	if err != nil {
		return s.show(o), err
	}
	if _, err := s.pay(o, user); err != nil {
		return s.show(o), inWords(o.account.wallet(), err)
	}
	s.decided(Approves, o, user, "")
	return s.show(o), nil
}

// Cancel opens what ref names, as Approve does, and turns away from it. The
// order stays unpaid, and stays user's.
func (s *Sim) Cancel(user User, ref string) (Payment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.reach(user, ref)
	if err == nil {
		s.decided(Cancels, o, user, "")
	}
	return s.show(o), err
}

// reach finds what ref names and has user open it.
func (s *Sim) reach(user User, ref string) (*order, error) {
	o, p := s.resolve(ref)
	if o == nil {
		return nil, inWords(WeChat, errUnknownCode)
	}
	if p == nil || ref != p.text && o.payer == user {
		return o, nil
	}
	_, err := s.openPass(p, user)
	return o, err
}

// resolve finds the order that ref names, and the pass to open it by.
func (s *Sim) resolve(ref string) (*order, *pass) {
	if p := s.books.passes[ref]; p != nil {
		return p.order, p
	}
	o := s.books.byID[ref]
	if o == nil {
		o = s.books.numbered(ref)
	}
	if o == nil {
		return nil, nil
	}
	return o, o.pass
}

// SetUser says who holds the phone when a page in a wallet's browser asks for
// its user without saying a word.
func (s *Sim) SetUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holder = u
}
