//go:build crashtest

package program

import (
	"os"
	"syscall"

	"morepay/internal/checkout"
)

// crashPoint returns what kills the process, as a power switch does, at the point
// that MOREPAY_CRASH_AT names.
func crashPoint() func(checkout.Point) {
	at := checkout.Point(os.Getenv("MOREPAY_CRASH_AT"))
	return func(p checkout.Point) {
		if p == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal is here
		}
	}
}
