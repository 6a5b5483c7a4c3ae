//go:build crashtest

package checkout

import (
	"os"
	"syscall"
)

// CrashAt is the environment variable that names the point at which the crash
// tests' build of the program kills itself.
const CrashAt = "MOREPAY_CRASH_AT"

func init() {
	at := Point(os.Getenv(CrashAt))
	if at == "" {
		return
	}
	OnPoint = func(p Point) {
		if p == at {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal is here
		}
	}
}
