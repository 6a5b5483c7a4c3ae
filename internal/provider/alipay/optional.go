package alipay

import (
	"regexp"
	"strings"

	"morepay/internal/pay"
)

var (
	placeForm    = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,32}$`)
	operatorForm = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,28}$`)
	goodsForm    = regexp.MustCompile(`^[01]$`)
	channelsForm = regexp.MustCompile(`^[A-Za-z_]+(,[A-Za-z_]+)*$`)
)

// maxChannels is the length of a list of channels, in bytes.
const maxChannels = 128

// checkOptional checks what orders may say besides: contracts and risk control of some
// merchants ask for it.
func (s *settings) checkOptional() error {
	for _, f := range []struct {
		field, value string
		form         *regexp.Regexp
		says         string
	}{
		{"store_id", s.StoreID, placeForm, "1 to 32 letters, digits, dots, dashes and underscores"},
		{"terminal_id", s.TerminalID, placeForm, "1 to 32 letters, digits, dots, dashes and underscores"},
		{"operator_id", s.OperatorID, operatorForm, "1 to 28 letters, digits, dots, dashes and underscores"},
		{"goods_type", s.GoodsType, goodsForm, "0 for virtual goods or 1 for real ones"},
		{"enable_pay_channels", s.EnableChannels, channelsForm, "names of channels, split by commas"},
		{"disable_pay_channels", s.DisableChannels, channelsForm, "names of channels, split by commas"},
		{"sys_service_provider_id", s.SysServiceProvider, sellerIDForm, "a user id, 16 digits beginning with 2088"},
	} {
		if f.value != "" && !f.form.MatchString(f.value) {
			return pay.Errorf(pay.CodeInvalid, f.field, "must be %s", f.says)
		}
		if strings.HasSuffix(f.field, "_channels") && len(f.value) > maxChannels {
			return pay.Errorf(pay.CodeInvalid, f.field, "must be at most %d bytes long", maxChannels)
		}
	}
	if s.EnableChannels != "" && s.DisableChannels != "" {
		return pay.Errorf(pay.CodeInvalid, "disable_pay_channels", "can't be given together with enable_pay_channels")
	}
	return nil
}

// fillOptional puts what an order by a rail may say besides into its content. What is
// not set is not sent.
func (s *settings) fillOptional(rail pay.Rail, c *content) {
	c.StoreID, c.EnableChannels, c.DisableChannels = s.StoreID, s.EnableChannels, s.DisableChannels
	if products[rail].till {
		c.TerminalID, c.OperatorID = s.TerminalID, s.OperatorID
	} else {
		c.GoodsType = s.GoodsType
	}
	if s.SysServiceProvider == "" {
		return
	}
	if c.ExtendParams == nil {
		c.ExtendParams = &extendParams{}
	}
	c.ExtendParams.SysServiceProvider = s.SysServiceProvider
}
