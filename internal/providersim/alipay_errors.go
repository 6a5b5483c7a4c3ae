package providersim

import "errors"

// businessError is a refusal of the gateway.
type businessError struct {
	Code       string `json:"code"`
	Message    string `json:"msg"`
	SubCode    string `json:"sub_code,omitempty"`
	SubMessage string `json:"sub_msg,omitempty"`
}

func (e *businessError) Error() string { return e.Code + " " + e.SubCode + ": " + e.SubMessage }

func missingArgument(name string) *businessError {
	return &businessError{"40001", "Missing Required Arguments", "isv.missing-" + name, "缺少参数" + name}
}

func invalidArgument(name string) *businessError {
	return &businessError{"40002", "Invalid Arguments", "isv.invalid-" + name, "参数" + name + "无效"}
}

func businessFailure(subCode, subMessage string) *businessError {
	return &businessError{"40004", "Business Failed", subCode, subMessage}
}

// All that the gateway refuses, besides missing and invalid arguments.
var (
	errAlipaySystem    = &businessError{"20000", "Service Currently Unavailable", "aop.ACQ.SYSTEM_ERROR", "系统异常"}
	errAlipayRate      = &businessError{"40005", "Call Limited", "isv.app-call-limited", "应用调用次数超限"}
	errAlipayForbidden = &businessError{"40006", "Insufficient Permissions", "isv.insufficient-isv-permissions", "ISV权限不足"}
	errAppAuthToken    = &businessError{"20001", "Insufficient Token Permissions", "aop.invalid-app-auth-token", "无效的应用授权令牌"}
	errNoTrade         = businessFailure("ACQ.TRADE_NOT_EXIST", "交易不存在")
	errTradePaid       = businessFailure("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
	errTradeClosed     = businessFailure("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
	errTradeChanged    = businessFailure("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
	errTradeStatus     = businessFailure("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
	errTradeFinished   = businessFailure("ACQ.TRADE_HAS_FINISHED", "交易已完结")
	errRefundAmount    = businessFailure("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
	errRefundDiffers   = businessFailure("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
	errInvalidBusiness = businessFailure("ACQ.INVALID_PARAMETER", "参数无效")
	errBillArguments   = businessFailure("isv.invalid_arguments", "入参不合法")
	errNoAlipayBill    = businessFailure("isp.bill_not_exist", "账单不存在")
	errAuthCode        = &businessError{"40002", "Invalid Arguments", "isv.code-invalid", "授权码code无效"}
	errBuyer           = businessFailure("ACQ.BUYER_NOT_EXIST", "买家不存在")
	errSeller          = businessFailure("ACQ.INVALID_RECEIVE_ACCOUNT", "收款账户不支持")
)

// alipayRefusals are Alipay's words for each kind of refusal.
var alipayRefusals = map[refusalKind]*businessError{
	refuseSystem:    errAlipaySystem,
	refuseRate:      errAlipayRate,
	refuseForbidden: errAlipayForbidden,
	refuseClock:     invalidArgument("timestamp"),
	refuseUnlisted:  businessFailure("ACQ.ACCOUNT_IN_TRANSITION", "账户处理中"),
}

func asBusiness(err error) *businessError {
	if e, ok := errors.AsType[*businessError](err); ok {
		return e
	}
	return errAlipaySystem
}
