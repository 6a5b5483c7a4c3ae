package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// voice says what a friend has to do with the page, where one has: above it while it can
// be paid, and within it after the end.
func (s *screen) voice(after bool, class string) goapp.UI {
	if s.Progress.Voice == "" || final(s.Progress.State) != after {
		return nil
	}
	return el("p."+class, nil, text(s.say("voice."+string(s.Progress.Voice), "")))
}

// askFriend leads to the page on which a friend can be asked to pay, where the merchant
// allows that.
func (s *screen) askFriend() goapp.UI {
	if !s.Document.FriendPay {
		return nil
	}
	return el("a.quiet", attrs{"href", s.inLanguage("/friend", s.Locale)}, text(s.say("friend.ask", "")))
}
