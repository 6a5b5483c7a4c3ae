package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// voice says what a friend has to do with the page, where one has.
func (s *screen) voice() goapp.UI {
	key := "voice." + string(s.Progress.Voice)
	if s.Progress.Voice == "" {
		return nil
	}
	return el("p.notice", nil, text(s.say(key, "")))
}

// askFriend leads to the page on which a friend can be asked to pay, where the merchant
// allows that.
func (s *screen) askFriend() goapp.UI {
	if !s.Document.FriendPay {
		return nil
	}
	return el("a.quiet", attrs{"href", s.inLanguage("/friend", s.Locale)}, text(s.say("friend.ask", "")))
}
