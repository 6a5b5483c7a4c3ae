package document

import (
	"strings"
	"time"
)

const (
	mustBeID       = "must be 1 to 64 of a-z, 0-9, - and _, the first a letter or digit"
	mustBeContact  = "must be an address that begins with https://, mailto: or tel:, of at most 200 characters without spaces"
	mustBeCurrency = "must be a currency of ISO 4217"
)

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// consistsOf reports whether s has least to most characters, all of alphabet.
func consistsOf(s, alphabet string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, alphabet) == ""
}

// isID: ids of merchants, batches and icons go into paths and attributes.
func isID(s string) bool {
	return consistsOf(s, lower+digits+"-_", 1, 64) && s[0] != '-' && s[0] != '_'
}

// isLanguageTag takes the shape of BCP 47 tags: a language and up to three
// subtags. Whether there is a catalogue for it is not asked here.
func isLanguageTag(s string) bool {
	language, rest, more := strings.Cut(s, "-")
	if !consistsOf(language, lower, 2, 3) {
		return false
	}
	for range 3 {
		if !more {
			return true
		}
		var subtag string
		subtag, rest, more = strings.Cut(rest, "-")
		if !consistsOf(subtag, lower+upper+digits, 2, 8) {
			return false
		}
	}
	return !more
}

// isContact: the address becomes a link on the payer's page.
func isContact(s string) bool {
	for _, scheme := range []string{"https://", "mailto:", "tel:"} {
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			return rest != "" && len(s) <= maxText && strings.IndexFunc(rest, notVisible) < 0
		}
	}
	return false
}

func notVisible(r rune) bool { return r <= ' ' || r > '~' }

// parseClock reads an RFC 3339 time of this century to the second, upper case.
// What Go's parser lets through beyond that does not survive formatting again.
func parseClock(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05Z", "2006-01-02T15:04:05-07:00"} {
		t, err := time.Parse(layout, s)
		if err != nil || t.Format(layout) != s || !strings.HasPrefix(s, "20") {
			continue
		}
		_, offset := t.Zone()
		return t, max(offset, -offset) < 24*60*60
	}
	return time.Time{}, false
}

func isCurrency(s string) bool { return len(s) == 3 && listed(currencies, s) }

func isRegion(s string) bool { return len(s) == 2 && listed(regions, s) }

// listed reports whether a space-separated list has an upper-case word.
func listed(list, s string) bool {
	return consistsOf(s, upper, 1, len(s)) && strings.Contains(list, " "+s+" ")
}

// currencies is ISO 4217 without funds, metals and test codes.
const currencies = ` ` +
	`AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD ` +
	`CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS ` +
	`GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW ` +
	`KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR ` +
	`MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR ` +
	`SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX ` +
	`USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG `

// regions is ISO 3166-1 alpha-2.
const regions = ` ` +
	`AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR ` +
	`BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ ` +
	`EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW ` +
	`GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY ` +
	`KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV ` +
	`MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY ` +
	`QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG ` +
	`TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ` +
	`ZW `
