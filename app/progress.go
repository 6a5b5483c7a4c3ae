package app

import "morepay/internal/view"

// merge returns what to show when the server has news that nobody on this page asked
// for. Two things only this page knows and the news can't tell: that it shows
// its own QR, which needs no attempt, and that its payer came back from the
// wallet. Neither may hide that the session is over.
func merge(shown, news view.Progress) view.Progress {
	if news.LastEvent < shown.LastEvent {
		return shown // overtaken on the way
	}
	if shown.Payment == nil || final(news.State) {
		return news
	}
	if shown.Payment.AttemptID == "" {
		news.State, news.Payment = shown.State, shown.Payment
		return news
	}
	if news.Payment != nil && news.Payment.AttemptID == shown.Payment.AttemptID && (shown.Payment.Returned || shown.Payment.Asked) {
		payment := *news.Payment
		payment.Returned, payment.Asked, payment.Since = shown.Payment.Returned, shown.Payment.Asked, shown.Payment.Since
		news.Payment = &payment
	}
	return news
}

// overtaken reports whether news has overtaken the answer to something that this page
// asked for, so that it must not be shown: a code that is here stays, and what is over
// stays over. Of the page's own QR the news knows nothing.
func overtaken(shown, said *view.Progress) bool {
	ownQR := said.Payment != nil && said.Payment.AttemptID == ""
	return said.LastEvent < shown.LastEvent && (!ownQR || final(shown.State))
}

// onward reports whether a page goes on to the merchant by itself: the payer has come
// back from the wallet, and has paid.
func onward(shown, news view.Progress) bool {
	returned := shown.Payment != nil && shown.Payment.Returned
	return news.State == view.StatePaid && (returned || shown.Onward)
}

// listed reports whether the list of methods is shown in this state.
func listed(s view.State) bool { return s == view.StateSelect || s == view.StateFailed }

// final reports whether nothing can be paid any more in this state.
func final(s view.State) bool {
	return s == view.StatePaid || s == view.StateExpired || s == view.StateCanceled
}
