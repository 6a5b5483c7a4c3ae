//go:build !crashtest

package program

import "morepay/internal/checkout"

// crashPoint returns nil: only the crash tests' build of the program kills
// itself (see crash_crashtest.go).
func crashPoint() func(checkout.Point) { return nil }
