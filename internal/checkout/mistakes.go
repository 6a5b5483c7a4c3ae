package checkout

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"morepay/internal/pay"
)

// Mistakes are several in one request.
type Mistakes []*pay.Error

func (m Mistakes) Error() string {
	texts := make([]string, len(m))
	for i := range m {
		texts[i] = m[i].Error()
	}
	return strings.Join(texts, "; ")
}

// several makes one error of those in a list that are there: the first, with all of
// them as its cause if they are about more than one field. An error without a code is
// returned as it is.
func several(list []error) error {
	var all Mistakes
	for _, err := range list {
		if err == nil {
			continue
		}
		e, ok := errors.AsType[*pay.Error](err)
		if !ok {
			return err
		}
		if !slices.ContainsFunc(all, func(other *pay.Error) bool { return other.Field == e.Field }) {
			all = append(all, e)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return &pay.Error{Code: all[0].Code, Field: all[0].Field, Message: fmt.Sprintf("%s (1 of %d mistakes)", all[0].Message, len(all)), Err: all}
}
