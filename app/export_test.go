package app

import "morepay/internal/view"

// For the tests outside of the package, which may import what makes pages.
const (
	DesktopAgent = desktopAgent
	PhoneAgent   = phoneAgent
)

// Views returns every screen there is.
func Views() map[string]view.Checkout { return testViews() }

// HTMLOffline renders a view as the browser side does that has lost the server.
func HTMLOffline(v view.Checkout) string { return drawn(v, local{offline: true}) }

// HTMLOpening renders a view as the browser side does while a wallet may be opening.
func HTMLOpening(v view.Checkout) string { return drawn(v, local{launching: true}) }

// HTMLStuck renders a view whose frame let no wallet open.
func HTMLStuck(v view.Checkout) string { return drawn(v, local{stuck: true, acted: true}) }
