package pay

import "fmt"

// Money is an amount in the minor units of its currency: 5980 CNY is 59.80 yuan
// (5,980 fen).
type Money struct {
	Currency string `json:"currency"` // ISO 4217, upper case
	Value    int64  `json:"value"`    // minor units
}

// String is for logs and errors; texts for people come from package locale.
func (m Money) String() string { return fmt.Sprintf("%d %s", m.Value, m.Currency) }

// Exponent returns the number of decimals of a currency's major unit (ISO
// 4217).
func Exponent(currency string) int {
	if e, ok := exponents[currency]; ok {
		return e
	}
	return 2
}

// exponents lists the currencies whose exponent is not 2 (ISO 4217, table A.1).
var exponents = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
	"RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}
