package alipay

import (
	"maps"
	"strings"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// verdict is the conclusion from an answer. The zero verdict proves nothing.
type verdict struct {
	err        error             // of the contract
	failure    pay.RefundFailure // what it says of a refund
	notGranted bool              // the account may not use the product
}

var (
	paid   = verdict{err: provider.ErrPaid}
	closed = verdict{err: provider.ErrClosed}
	absent = verdict{err: provider.ErrAbsent}
	later  = verdict{err: provider.ErrLater}
	denied = verdict{err: provider.ErrRefused, failure: pay.FailureNotPermitted, notGranted: true}
	payer  = verdict{err: provider.ErrRefused, failure: pay.FailurePayerAccount}
	spent  = verdict{err: provider.ErrRefused, failure: pay.FailureExceeds}
	late   = verdict{err: provider.ErrRefused, failure: pay.FailureTooLate}

	refused = verdict{err: provider.ErrRefused, failure: pay.FailureRefused}
)

// gatewayVerdicts says what the gateway's codes prove, whatever was asked. 20000
// (unavailable), 40005 (too often) and codes that aren't here prove nothing.
var gatewayVerdicts = map[string]verdict{
	"20001": refused, // not authorised
	"40001": refused, // a parameter is missing
	"40002": refused, // a parameter or the signature is wrong
	"40003": refused, // a condition is not met
	"40006": denied,  // not permitted
}

// codes says what each sub_code of one call proves: Alipay publishes a table for
// every call, and the same code may mean another thing in another table. A code
// that isn't in its call's table proves nothing.
type codes map[string]verdict

// common are the codes that stand in every table and mean the same.
var common = codes{
	"ACQ.INVALID_PARAMETER": refused,
	"ACQ.ACCESS_FORBIDDEN":  denied,
	"ACQ.PARTNER_ERROR":     refused, // the application is not online, or not this merchant's
}

func with(own codes) codes {
	all := maps.Clone(common)
	maps.Copy(all, own)
	return all
}

// Left out of all tables on purpose: ACQ.SYSTEM_ERROR and aop.* (ask), and
// ACQ.CONTEXT_INCONSISTENT and ACQ.DISCORDANT_REPEAT_REQUEST (the number lives,
// with other parameters).
var (
	// of alipay.trade.precreate, .create, .wap.pay, .page.pay and .pay
	orderCodes = with(codes{
		"ACQ.TRADE_HAS_SUCCESS":                      paid,
		"ACQ.TRADE_HAS_CLOSE":                        closed,
		"ACQ.MERCHANT_AGREEMENT_NOT_EXIST":           denied,
		"ACQ.PRODUCT_AMOUNT_LIMIT_ERROR":             refused,
		"ACQ.EXIST_FORBIDDEN_WORD":                   refused,
		"ACQ.TOTAL_FEE_EXCEED":                       refused,
		"ACQ.BUYER_SELLER_EQUAL":                     refused,
		"ACQ.BUYER_NOT_EXIST":                        refused,
		"ACQ.TRADE_BUYER_NOT_MATCH":                  refused,
		"ACQ.BUYER_ENABLE_STATUS_FORBID":             refused,
		"ACQ.BUYER_BALANCE_NOT_ENOUGH":               refused,
		"ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH":      refused,
		"ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR":   refused,
		"ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR": refused,
		"ACQ.BEYOND_PAY_RESTRICTION":                 refused,
		"ACQ.BEYOND_PER_RECEIPT_RESTRICTION":         refused,
		"ACQ.BEYOND_PER_RECEIPT_DAY_RESTRICTION":     refused,
		"ACQ.BEYOND_PER_RECEIPT_SINGLE_RESTRICTION":  refused,
		"ACQ.MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT":    refused,
		"ACQ.MERCHANT_PERM_RECEIPT_SINGLE_LIMIT":     refused,
		"ACQ.MERCHANT_PERM_RECEIPT_DAY_LIMIT":        refused,
		"ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR":       refused,
		"ACQ.SELLER_BEEN_BLOCKED":                    refused,
		"ACQ.SELLER_NOT_EXIST":                       refused,
		"ACQ.ERROR_BUYER_CERTIFY_LEVEL_LIMIT":        refused,
		"ACQ.ERROR_SELLER_CERTIFY_LEVEL_LIMIT":       refused,
		"ACQ.ERROR_BALANCE_PAYMENT_DISABLE":          refused,
		"ACQ.INVALID_STORE_ID":                       refused,
		"ACQ.INVALID_RECEIVE_ACCOUNT":                refused,
		"ACQ.NOT_SUPPORT_PAYMENT_INST":               refused,
		"ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE":       refused,
		"ACQ.PAYMENT_FAIL":                           refused,
		"ACQ.PAYMENT_REQUEST_HAS_RISK":               refused,
		"ACQ.RESTRICTED_MERCHANT_INDUSTRY":           refused,
		"ACQ.SECONDARY_MERCHANT_STATUS_ERROR":        refused,
		"ACQ.SUB_GOODS_SIZE_MAX_COUNT":               refused,
		"ACQ.DEFAULT_SETTLE_RULE_NOT_EXIST":          refused,
		"ACQ.CURRENCY_NOT_SUPPORT":                   refused,
	})

	// of alipay.trade.refund. TRADE_HAS_CLOSE is closed unpaid, or given back
	// already: only asking tells.
	refundCodes = with(codes{
		"ACQ.SELLER_BALANCE_NOT_ENOUGH":              later, // until the merchant's balance allows the refund
		"ACQ.TRADE_NOT_EXIST":                        absent,
		"ACQ.TRADE_HAS_FINISHED":                     late,
		"ACQ.REASON_TRADE_REFUND_FEE_ERR":            spent,
		"ACQ.REFUND_AMT_NOT_EQUAL_TOTAL":             spent,
		"ACQ.REFUND_FEE_ERROR":                       spent,
		"ACQ.TRADE_NOT_ALLOW_REFUND":                 refused,
		"ACQ.NOT_ALLOW_PARTIAL_REFUND":               refused,
		"ACQ.ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND":  refused,
		"ACQ.TRADE_STATUS_ERROR":                     refused,
		"ACQ.REASON_TRADE_STATUS_INVALID":            refused,
		"ACQ.REASON_TRADE_BEEN_FREEZEN":              refused,
		"ACQ.CURRENCY_NOT_SUPPORT":                   refused,
		"ACQ.ALLOC_AMOUNT_VALIDATE_ERROR":            refused,
		"ACQ.REFUND_CHARGE_ERROR":                    refused,
		"ACQ.REFUNDALLOC_UNAUTH_LIMIT":               denied,
		"ACQ.MERCHANT_AGREEMENT_NOT_EXIST":           denied,
		"ACQ.BUYER_ERROR":                            payer,
		"ACQ.BUYER_NOT_EXIST":                        payer,
		"ACQ.BUYER_ENABLE_STATUS_FORBID":             payer,
		"ACQ.USER_NOT_MATCH_ERR":                     payer,
		"ACQ.CUSTOMER_VALIDATE_ERROR":                payer,
		"ACQ.REFUND_ACCOUNT_NOT_EXIST":               payer,
		"ACQ.REASON_ERROR_BUYER_CERTIFY_LEVEL_LIMIT": payer,
		"ACQ.TRADE_SETTLE_ERROR":                     refused,
		"ACQ.ENTERPRISE_PAY_BIZ_ERROR":               refused,
	})

	// of alipay.trade.fastpay.refund.query and alipay.trade.query
	queryCodes = with(codes{"ACQ.TRADE_NOT_EXIST": absent})

	// of alipay.trade.close and alipay.trade.cancel. What can't be closed for its
	// state is asked about.
	closeCodes = with(codes{
		"ACQ.TRADE_NOT_EXIST":             absent,
		"ACQ.TRADE_HAS_SUCCESS":           paid,
		"ACQ.TRADE_HAS_CLOSE":             closed,
		"ACQ.TRADE_HAS_FINISHED":          paid,
		"ACQ.TRADE_STATUS_ERROR":          refused,
		"ACQ.REASON_TRADE_STATUS_INVALID": refused,
		"ACQ.REASON_ILLEGAL_STATUS":       refused,
	})

	// of alipay.data.dataservice.bill.downloadurl.query, as production spells them:
	// the published table has BILL_NOT_EXIST and INVAILID_ARGUMENTS
	billCodes = codes{
		"isp.bill_not_exist":    absent,  // of that day, or not yet
		"isv.invalid_arguments": refused, // such as a day that is not over
		"invalid_arguments":     refused,
	}
)

// unsettled reports whether a business failure says that the provider itself does
// not know yet.
func unsettled(subCode string) bool {
	return subCode == "" || strings.HasPrefix(subCode, "aop.") || strings.HasSuffix(subCode, "SYSTEM_ERROR") ||
		strings.HasSuffix(subCode, "CONTEXT_INCONSISTENT") || strings.HasSuffix(subCode, "DISCORDANT_REPEAT_REQUEST")
}
