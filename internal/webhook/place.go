package webhook

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"morepay/internal/pay"
)

// Place is a place in a merchant's list of events: right after the event with a
// number and an id, or with an id alone where nobody knows the number. The zero
// value is the beginning.
type Place struct {
	Sequence int64
	ID       string
}

// Beginning is the place before a merchant's first event ever. Unlike the zero value
// it tells that nothing was read yet: what is gone since then was missed.
var Beginning = Place{ID: "-"}

// placePrefix tells a place from an event's id.
const placePrefix = "cur_"

// String returns the form in which callers are given a place. What is in it is
// nobody's business: it holds the id too, so that a place in a list that is
// gone is noticed.
func (p Place) String() string {
	return placePrefix + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", p.Sequence, p.ID))
}

// ParsePlace reads a place that String wrote, or an event's id.
func ParsePlace(text string) (Place, error) {
	encoded, ok := strings.CutPrefix(text, placePrefix)
	if !ok {
		return Place{ID: text}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	number, id, _ := strings.Cut(string(raw), " ")
	sequence, numberErr := strconv.ParseInt(number, 10, 64)
	if err != nil || numberErr != nil || sequence < 0 {
		return Place{}, pay.Errorf(pay.CodeInvalid, "after", "must be the next of an earlier answer, or an event's id")
	}
	return Place{Sequence: sequence, ID: id}, nil
}
