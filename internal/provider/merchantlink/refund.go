package merchantlink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// refundForm matches the numbers of refunds, ours and those that were made at the cashier.
var refundForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// refundStart asks the cashier for a refund. The same id again is the same refund.
type refundStart struct {
	Version   int         `json:"version"`
	ID        string      `json:"id"` // of the payment
	Refund    refundTerms `json:"refund"`
	Total     pay.Money   `json:"total"` // of the payment
	NotifyURL string      `json:"notify_url,omitempty"`
}

type refundTerms struct {
	ID     string    `json:"id"`
	Amount pay.Money `json:"amount"`
	Reason string    `json:"reason,omitempty"`
}

// refundStatement is a cashier's word on a refund.
type refundStatement struct {
	ID     string `json:"id"` // of the payment
	Refund *struct {
		ID        string    `json:"id"`
		Status    string    `json:"status"`
		Amount    pay.Money `json:"amount"`
		Reference string    `json:"reference"` // the cashier's number
		Failure   string    `json:"failure"`   // why it is stuck or has failed
	} `json:"refund"`
}

// refundStatuses maps the status of a refund and the reason that it gives. A pair that
// isn't here changes nothing.
var refundStatuses = map[[2]string]pay.Returned{
	{"pending", ""}:              {Status: pay.RefundPending},
	{"pending", "payer_account"}: {Status: pay.RefundPending, Failure: pay.FailurePayerAccount},
	{"succeeded", ""}:            {Status: pay.RefundSucceeded},
	{"failed", ""}:               {Status: pay.RefundFailed, Failure: pay.FailureClosed},
	{"failed", "payer_account"}:  {Status: pay.RefundFailed, Failure: pay.FailurePayerAccount},
	{"failed", "too_late"}:       {Status: pay.RefundFailed, Failure: pay.FailureTooLate},
	{"failed", "exceeds"}:        {Status: pay.RefundFailed, Failure: pay.FailureExceeds},
	{"failed", "not_granted"}:    {Status: pay.RefundFailed, Failure: pay.FailureNotPermitted},
}

const statusAbsent = "absent"

// Refund implements provider.Refunder.
func (a full) Refund(ctx context.Context, r provider.RefundOrder) (pay.Evidence, error) {
	address, err := a.refundsOf(r)
	if err != nil {
		return pay.Evidence{}, err
	}
	body, err := json.Marshal(refundStart{
		Version: versionRails, ID: r.OutTradeNo, Refund: refundTerms{r.Number, r.Amount, r.Note}, Total: r.Total, NotifyURL: r.NotifyURL,
	})
	if err != nil {
		return pay.Evidence{}, unusable("the request can't be made")
	}
	said, err := a.call(ctx, http.MethodPost, address, r.Number, body)
	if err != nil {
		return pay.Evidence{}, err
	}
	if said.status != http.StatusOK {
		return pay.Evidence{}, said.refundVerdict()
	}
	return a.refundEvidence(said, r)
}

// refundVerdict is verdict for a refund.
func (r reply) refundVerdict() error {
	err := r.verdict()
	if errors.Is(err, provider.ErrRefused) && r.code() == codeBalance {
		return fmt.Errorf("merchantlink: answer %d: %w", r.status, provider.ErrLater)
	}
	return err
}

// QueryRefund implements provider.Refunder.
func (a full) QueryRefund(ctx context.Context, r provider.RefundOrder) (pay.Evidence, error) {
	address, err := a.refundsOf(r)
	if err != nil {
		return pay.Evidence{}, err
	}
	said, err := a.call(ctx, http.MethodGet, address+"/"+r.Number, r.Number, nil)
	if err != nil {
		return pay.Evidence{}, err
	}
	switch said.status {
	case http.StatusOK:
		return a.refundEvidence(said, r)
	case http.StatusNotFound:
		return pay.Evidence{}, said.absence(r)
	}
	return pay.Evidence{}, said.verdict()
}

// refundsOf returns the address of a payment's refunds, whose numbers become part of
// it.
func (a *account) refundsOf(r provider.RefundOrder) (string, error) {
	if !idForm.MatchString(r.OutTradeNo) || !refundForm.MatchString(r.Number) {
		return "", pay.Errorf(pay.CodeInvalid, "out_refund_no", "must match %s", refundForm)
	}
	return a.URL + "/" + r.OutTradeNo + "/refunds", nil
}

// absence returns ErrAbsent for an answer that says so, and that of this refund.
func (r reply) absence(order provider.RefundOrder) error {
	st, err := decodeRefund(r.body)
	if err != nil {
		return err
	}
	if st.ID != order.OutTradeNo || st.Refund.ID != order.Number || st.Refund.Status != statusAbsent {
		return unusable("answer 404 does not say that this refund is absent")
	}
	return fmt.Errorf("merchantlink: answer 404: %w", provider.ErrAbsent)
}

func decodeRefund(body []byte) (refundStatement, error) {
	var st refundStatement
	if json.Unmarshal(body, &st) != nil {
		return st, unusable("the statement can't be read")
	}
	if st.Refund == nil || !idForm.MatchString(st.ID) || !refundForm.MatchString(st.Refund.ID) {
		return st, unusable("the statement does not say which refund it is about")
	}
	return st, nil
}

// returned reads what a statement says became of its refund. Success needs its proof.
func (st refundStatement) returned() (pay.Returned, error) {
	said := st.Refund
	returned, ok := refundStatuses[[2]string{said.Status, said.Failure}]
	if !ok {
		return returned, unusable("the status " + provider.Clean(said.Status) + " of a refund, because of " + provider.Clean(said.Failure) + ", is unknown")
	}
	if said.Amount.Value < 1 || said.Amount.Currency == "" {
		return returned, unusable("the statement does not say how much is refunded")
	}
	if said.Reference == "" && returned.Status == pay.RefundSucceeded || said.Reference != "" && !referenceForm.MatchString(said.Reference) {
		return returned, unusable("the statement does not say under which reference the refund was made")
	}
	returned.Number, returned.Amount, returned.Reference = said.ID, said.Amount, said.Reference
	return returned, nil
}

func (a *account) refundEvidence(said reply, r provider.RefundOrder) (pay.Evidence, error) {
	st, err := decodeRefund(said.body)
	if err != nil {
		return pay.Evidence{}, err
	}
	returned, err := st.returned()
	if err != nil {
		return pay.Evidence{}, err
	}
	if st.ID != r.OutTradeNo || returned.Number != r.Number || returned.Amount != r.Amount {
		return pay.Evidence{}, unusable("the answer is about another refund")
	}
	ev := r.Evidence(returned, said.body, a.env.Now())
	ev.Provider, ev.Account = ID, a.Account()
	return ev, nil
}

// isRefund reports whether a notification is about a refund.
func isRefund(body []byte) bool {
	var about struct {
		Refund json.RawMessage `json:"refund"`
	}
	return json.Unmarshal(body, &about) == nil && about.Refund != nil
}

// refundNotice reads a verified notification of that id about a refund.
func (a *account) refundNotice(id string, body []byte) (pay.Evidence, error) {
	st, err := decodeRefund(body)
	if err != nil {
		return pay.Evidence{}, err
	}
	returned, err := st.returned()
	if err != nil {
		return pay.Evidence{}, err
	}
	return pay.Evidence{
		ID: id, Source: pay.SourceNotification, Provider: ID, Account: a.Account(), OutTradeNo: st.ID,
		Outcome: pay.OutcomeRefund, Returned: &returned, ReceivedAt: a.env.Now(), Raw: body,
	}, nil
}
