package providersim

import (
	"errors"
	"fmt"
)

// problem is a refusal of the WeChat Pay API.
type problem struct {
	Status  int     `json:"-"`
	Number  int     `json:"-"` // ends the Request-ID header
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Detail  *detail `json:"detail,omitempty"`
}

type detail struct {
	Field    string `json:"field"` // JSON pointer
	Value    string `json:"value"`
	Issue    string `json:"issue"`
	Location string `json:"location"` // body, query, authorization, …
}

func (p *problem) Error() string {
	if p.Detail != nil {
		return fmt.Sprintf("%s: %s (%s: %s)", p.Code, p.Message, p.Detail.Field, p.Detail.Issue)
	}
	return p.Code + ": " + p.Message
}

// at returns p with the part of the request that caused it.
func (p *problem) at(location, field, value, issue string) *problem {
	q := *p
	q.Detail = &detail{Field: field, Value: value, Issue: issue, Location: location}
	return &q
}

// saying returns p with another message.
func (p *problem) saying(message string) *problem {
	q := *p
	q.Message = message
	return &q
}

// All that the API refuses. The numbers are those that WeChat Pay's own
// troubleshooting guide lists; 0 where it lists none.
var (
	errRequest        = &problem{Status: 400, Number: 268435461, Code: "PARAM_ERROR", Message: "参数错误"}
	errExtraField     = &problem{Status: 400, Number: 270924358, Code: "PARAM_ERROR", Message: "请求中含有未在API文档中定义的参数"}
	errNoOpenID       = &problem{Status: 400, Number: 268501013, Code: "PARAM_ERROR", Message: "无效的openid"}
	errOpenID         = &problem{Status: 500, Code: "OPENID_MISMATCH", Message: "openid和appid不匹配"}
	errNoMerchant     = &problem{Status: 400, Code: "MCH_NOT_EXISTS", Message: "商户号不存在"}
	errAppMismatch    = &problem{Status: 400, Number: 268445527, Code: "APPID_MCHID_NOT_MATCH", Message: "appid和mch_id不匹配"}
	errSignature      = &problem{Status: 401, Number: 268443699, Code: "SIGN_ERROR", Message: "签名错误"}
	errTimestamp      = errSignature.saying("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
	errNoAuth         = &problem{Status: 403, Code: "NO_AUTH", Message: "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试"}
	errNumberUsed     = &problem{Status: 400, Number: 268498688, Code: "INVALID_REQUEST", Message: "201 商户订单号重复"}
	errOrderPaid      = &problem{Status: 400, Number: 268449538, Code: "ORDERPAID", Message: "该订单已支付"}
	errOrderClosed    = &problem{Status: 400, Number: 268447914, Code: "ORDER_CLOSED", Message: "该订单已关闭"}
	errNoOrder        = &problem{Status: 404, Number: 268512771, Code: "ORDER_NOT_EXIST", Message: "订单不存在"}
	errNoRefund       = &problem{Status: 404, Code: "RESOURCE_NOT_EXISTS", Message: "退款单不存在"}
	errNoCertificates = &problem{Status: 404, Code: "RESOURCE_NOT_EXISTS", Message: "无可用的平台证书，请在商户平台升级使用微信支付公钥"}
	errNoSuchAPI      = &problem{Status: 404, Code: "RESOURCE_NOT_EXISTS", Message: "无法将请求的URI映射到接口"}
	errRefundChanged  = &problem{Status: 400, Code: "INVALID_REQUEST", Message: "订单金额或退款金额与之前请求不一致，请核实后再试"}
	errRefundNotStuck = &problem{Status: 400, Code: "INVALID_REQUEST", Message: "退款单不是异常状态，不能发起异常退款"}
	errRefundUnpaid   = &problem{Status: 400, Code: "INVALID_REQUEST", Message: "订单未支付，不能退款"}
	errRefundExceeds  = &problem{Status: 400, Code: "INVALID_REQUEST", Message: "申请退款金额超过订单可退金额"}
	errRefundTotal    = &problem{Status: 400, Code: "INVALID_REQUEST", Message: "订单金额与原订单不一致"}
	errRefundTooMany  = &problem{Status: 403, Code: "RULE_LIMIT", Message: "订单的部分退款次数已达上限50次"}
	errRefundTooLate  = &problem{Status: 403, Code: "TRADE_ERROR", Message: "订单已超过可退款的最大期限"}
	errFrequency      = &problem{Status: 429, Number: 268447840, Code: "FREQUENCY_LIMITED", Message: "频率限制，同一订单的部分退款间隔需大于1分钟"}
	errRate           = &problem{Status: 429, Number: 268447840, Code: "RATELIMIT_EXCEEDED", Message: "请求过于频繁，请稍后再试"}
	errNoBill         = &problem{Status: 400, Code: "NO_STATEMENT_EXIST", Message: "账单文件不存在"}
	errBillEarly      = &problem{Status: 400, Code: "STATEMENT_CREATING", Message: "账单生成中，请在上午10点后再试"}
	errSystem         = &problem{Status: 500, Code: "SYSTEM_ERROR", Message: "系统异常，请用相同参数重新调用"}
)

// wechatRefusals are WeChat Pay's words for each kind of refusal.
var wechatRefusals = map[refusalKind]*problem{
	refuseSystem:    errSystem,
	refuseRate:      errRate,
	refuseForbidden: errNoAuth,
	refuseUnlisted:  {Status: 400, Code: "ACCOUNT_IN_TRANSITION", Message: "账户处理中"},
	refuseClock:     errTimestamp,
	refusePaying:    {Status: 202, Code: "USERPAYING", Message: "用户支付中"},
}

func asProblem(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	return errSystem
}

// errorNumber returns the number with which the Request-ID of a reply ends.
func errorNumber(err error) int {
	if err == nil {
		return 0
	}
	return asProblem(err).Number
}
