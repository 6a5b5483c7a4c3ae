package run

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"

	"github.com/coreos/go-systemd/v22/activation"
)

// Passed returns the listening sockets that whoever started the process has handed
// over to it, by name: systemd's socket units and what speaks as they do
// (LISTEN_FDS). Who holds a socket keeps connections waiting while the process is
// replaced. There is none for most; names that nobody asked for, and two sockets of
// one name, are errors. Only the first call finds them.
func Passed(names ...string) (map[string]net.Listener, error) {
	found, err := activation.ListenersWithNames()
	if err != nil {
		return nil, err
	}
	passed := map[string]net.Listener{}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !slices.Contains(names, name) || len(found[name]) != 1 {
			errs = append(errs, fmt.Errorf("%d sockets named %q were handed over, and one of each of %q may be: see FileDescriptorName= of the socket unit", len(found[name]), name, names))
		}
		passed[name] = found[name][0]
	}
	if len(errs) == 0 {
		return passed, nil
	}
	for _, list := range found {
		for _, l := range list {
			l.Close()
		}
	}
	return nil, errors.Join(errs...)
}
