package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lockName is the file beside the database that a server holds locked. It is never
// removed: who waits for a file that is gone would not meet who makes it anew.
const lockName = "lock"

// lock keeps other servers away from the folder of a database, until it is closed
// or the process ends, however that happens. The file says who holds it.
func lock(path string) (*os.File, error) {
	folder := filepath.Dir(path)
	f, err := os.OpenFile(filepath.Join(folder, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("the folder %s is in use by another server, %s: a folder serves one at a time, and several need PostgreSQL", folder, holder(f))
	} else if err == nil {
		err = sign(f)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// sign writes into a lock file whose it is now.
func sign(f *os.File) error {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed host"
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(fmt.Appendf(nil, "process %d on %s\n", os.Getpid(), host), 0)
	return err
}

// holder reads who has a lock file.
func holder(f *os.File) string {
	text := make([]byte, 512)
	n, _ := f.ReadAt(text, 0) // ends at the end of the file
	if n == 0 {
		return "which has just started"
	}
	return strings.TrimSpace(string(text[:n]))
}
