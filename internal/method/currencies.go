package method

import (
	"slices"

	"morepay/internal/pay"
)

// currencies are those that a method's adapter takes, whatever a merchant has agreed. One
// that isn't named takes any: the merchant's own cashier decides. Apart from the table,
// because the browser has no use for them.
var currencies = []struct {
	method pay.Method
	codes  []string
}{
	{"wechat_pay", []string{"CNY"}},
	{"alipay", []string{"CNY"}},
}

// Currencies returns the currencies that can be paid with a method; nil for any. The
// result must not be changed.
func Currencies(id pay.Method) []string {
	for _, row := range currencies {
		if row.method == id {
			return row.codes
		}
	}
	return nil
}

// TakesCurrency reports whether a method can be paid with in a currency.
func TakesCurrency(id pay.Method, code string) bool {
	codes := Currencies(id)
	return codes == nil || slices.Contains(codes, code)
}
