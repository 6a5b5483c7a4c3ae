package providersim

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// unionPayWindow limits how far a transaction's time may be from the present.
const unionPayWindow = time.Hour

var (
	missingElement = unionPayError{"13", "报文交易要素缺失"}
	badFormat      = unionPayError{"10", "报文格式错误"}
)

// unionPayPatterns are the forms of fields, wherever they stand.
var unionPayPatterns = map[string]*regexp.Regexp{
	"version": regexp.MustCompile(`^5\.1\.0$`), "encoding": regexp.MustCompile(`^UTF-8$`), "signMethod": regexp.MustCompile(`^01$`),
	"accessType": regexp.MustCompile(`^[01]$`), "acqInsCode": regexp.MustCompile(`^[0-9]{8,11}$`),
	"channelType": regexp.MustCompile(`^0[78]$`), "currencyCode": regexp.MustCompile(`^156$`),
	"orderId": regexp.MustCompile(`^[0-9A-Za-z]{8,40}$`), "txnTime": regexp.MustCompile(`^[0-9]{14}$`), "payTimeout": regexp.MustCompile(`^[0-9]{14}$`),
	"txnAmt": regexp.MustCompile(`^[1-9][0-9]{0,11}$`), "origQryId": regexp.MustCompile(`^[0-9]{21}$`), "termId": regexp.MustCompile(`^[0-9A-Za-z]{8}$`),
	"reqReserved": regexp.MustCompile(`^[^&={}\[\]"']{1,1000}$`),
}

// unionPayBusiness are the kinds of business that a transaction may be of.
var unionPayBusiness = map[string][]string{
	"01 01": {"000201"}, "01 07": {"000000"}, "04 00": {"000201", "000000"}, "00 00": {"000201", "000000"},
}

// unionPayNeeds lists what a transaction must have beside what every message has.
var unionPayNeeds = map[string][]string{
	"01 01": {"channelType", "txnAmt", "currencyCode", "frontUrl", "backUrl"},
	"01 07": {"channelType", "txnAmt", "currencyCode", "backUrl"},
	"04 00": {"channelType", "txnAmt", "origQryId", "backUrl"},
	"00 00": {},
}

// checkCommon holds a message to the documents' tables.
func (c *unionPayCall) checkCommon() error {
	kind := c.p["txnType"] + " " + c.p["txnSubType"]
	needs, known := unionPayNeeds[kind]
	if !known {
		return badFormat
	}
	for _, name := range append([]string{"version", "encoding", "signMethod", "bizType", "accessType", "merId", "orderId", "txnTime", "certId"}, needs...) {
		if c.p[name] == "" {
			return missingElement
		}
	}
	for name, pattern := range unionPayPatterns {
		if v := c.p[name]; v != "" && !pattern.MatchString(v) {
			return badFormat
		}
	}
	if (c.p["accessType"] == "1") != (c.p["acqInsCode"] != "") {
		return missingElement
	}
	if !slices.Contains(unionPayBusiness[kind], c.p["bizType"]) {
		return badFormat
	}
	return c.checkAddresses()
}

// checkAddresses holds the addresses to their forms.
func (c *unionPayCall) checkAddresses() error {
	for _, name := range []string{"frontUrl", "backUrl"} {
		v := c.p[name]
		u, err := url.Parse(v)
		if v != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(v) > 256) {
			return badFormat
		}
	}
	if ip := c.p["customerIp"]; ip != "" {
		if _, err := netip.ParseAddr(ip); err != nil {
			return badFormat
		}
	}
	return nil
}

// present checks that a new transaction's time is the present one.
func (c *unionPayCall) present() error {
	at, err := time.ParseInLocation(unionPayTime, c.p["txnTime"], china)
	if err != nil || c.now.Sub(at).Abs() > unionPayWindow {
		return unionPayError{"10", "txnTime无效"}
	}
	return nil
}

// fen reads the amount, whose form is right.
func (c *unionPayCall) fen() int64 {
	fen, err := strconv.ParseInt(c.p["txnAmt"], 10, 64)
	if err != nil {
		return 0
	}
	return fen
}

// until returns the end of an order: payTimeout, else a day.
func (c *unionPayCall) until() (time.Time, error) {
	text := c.p["payTimeout"]
	if text == "" {
		return c.now.Add(24 * time.Hour), nil
	}
	until, err := time.ParseInLocation(unionPayTime, text, china)
	if err != nil || !until.After(c.now) {
		return until, badFormat
	}
	return until, nil
}
