package app

import (
	"testing"
	"time"

	"morepay/internal/device"
)

// TestLaunch plays what browsers do after a tap on a deep link.
func TestLaunch(t *testing.T) {
	t.Parallel()
	type step struct {
		at   time.Duration
		what string // blur, focus, hide (judged as hidden) or due (judged as visible)
		want verdict
	}
	tests := map[string]struct {
		os    device.OS
		steps []step
	}{
		"android-opens":              {device.Android, []step{{800 * time.Millisecond, "hide", opened}}},
		"android-without-the-app":    {device.Android, []step{{2500 * time.Millisecond, "due", notOpened}}},
		"android-is-not-judged-soon": {device.Android, []step{{2 * time.Second, "due", unknown}, {2500 * time.Millisecond, "due", notOpened}}},
		"ios-has-longer":             {device.IOS, []step{{2500 * time.Millisecond, "due", unknown}, {3500 * time.Millisecond, "due", notOpened}}},
		"ios-prompt-is-up":           {device.IOS, []step{{500 * time.Millisecond, "blur", unknown}, {3500 * time.Millisecond, "due", unknown}}},
		"ios-prompt-agreed-late": {device.IOS, []step{
			{500 * time.Millisecond, "blur", unknown}, {3500 * time.Millisecond, "due", unknown}, {10 * time.Second, "hide", opened},
		}},
		"ios-prompt-declined-late": {device.IOS, []step{
			{500 * time.Millisecond, "blur", unknown},
			{10 * time.Second, "focus", unknown},
			{10500 * time.Millisecond, "due", unknown},
			{11 * time.Second, "due", notOpened},
		}},
		"ios-prompt-declined-at-once": {device.IOS, []step{
			{300 * time.Millisecond, "blur", unknown},
			{900 * time.Millisecond, "focus", unknown},
			{1900 * time.Millisecond, "due", unknown},
			{3500 * time.Millisecond, "due", notOpened},
		}},
		"second-focus-changes-nothing": {device.IOS, []step{
			{300 * time.Millisecond, "blur", unknown},
			{3 * time.Second, "focus", unknown},
			{3900 * time.Millisecond, "focus", unknown},
			{4 * time.Second, "due", notOpened},
		}},
		"page-slept-with-its-timers": {device.Android, []step{{40 * time.Second, "due", opened}}},
		"split-screen-is-never-hidden": {device.Android, []step{
			{600 * time.Millisecond, "blur", unknown}, {2500 * time.Millisecond, "due", unknown},
		}},
		"harmony-like-android": {device.HarmonyOS, []step{{2500 * time.Millisecond, "due", notOpened}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := begin(tt.os, testTime)
			for _, s := range tt.steps {
				now, got := testTime.Add(s.at), unknown
				switch s.what {
				case "blur":
					l.blur()
				case "focus":
					l.focus(now)
				default:
					got = l.judge(s.what == "hide", now)
				}
				if got != s.want {
					t.Errorf("after %v (%s): verdict %d, want %d", s.at, s.what, got, s.want)
				}
			}
		})
	}
}
