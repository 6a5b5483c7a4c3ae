package run_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"morepay/internal/run"
)

// child is set in a process that TestPassed has started.
const child = "MOREPAY_TEST_PASSED"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		os.Exit(answerOnce())
	}
	os.Exit(m.Run())
}

// answerOnce takes the sockets that were handed over and answers one request at
// the one named public.
func answerOnce() int {
	sockets, err := run.Passed("public", "admin")
	if err != nil {
		os.Stdout.WriteString(err.Error())
		return 1
	}
	l := sockets["public"]
	if l == nil {
		os.Stdout.WriteString("none")
		return 2
	}
	conn, err := l.Accept()
	if err != nil {
		return 3
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.0 200 OK\r\n\r\n"+strings.Repeat("admin too", min(1, len(sockets)-1)))
	return 0
}

// TestPassed hands sockets over to a process as systemd does: by number, with the
// process's own id in the environment.
func TestPassed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, names string
		code        int
		want        string // of the answer, or of what the process says
	}{
		{"public", "public", 0, ""},
		{"both", "admin:public", 0, "admin too"},
		{"none", "", 2, "none"},
		{"unknown", "public:other", 1, `named "other"`},
		{"without-names", "morepay.socket", 1, "FileDescriptorName="},
		{"twice", "public:public", 1, "2 sockets"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			said, answer, code := hand(t, test.names, test.code == 0)
			if code != test.code || !strings.Contains(said+answer, test.want) {
				t.Errorf("it ended with %d, said %q and answered %q", code, said, answer)
			}
		})
	}
}

// hand starts a process with a socket for each name, and asks the last one if
// somebody is to answer there.
func hand(t *testing.T, names string, ask bool) (said, answer string, code int) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var address string
	// The shell becomes the process, so that its id is known beforehand.
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `LISTEN_PID=$$ exec "$0"`, program)
	cmd.Env = append(os.Environ(), child+"=1")
	if names != "" {
		for range strings.Split(names, ":") {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			address = l.Addr().String()
			f, err := l.(*net.TCPListener).File()
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			defer l.Close()
			cmd.ExtraFiles = append(cmd.ExtraFiles, f)
		}
		cmd.Env = append(cmd.Env, "LISTEN_FDS="+string(rune('0'+len(cmd.ExtraFiles))), "LISTEN_FDNAMES="+names)
	}
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if ask {
		// The socket is open before anybody serves, so the connection waits.
		res, err := http.Get("http://" + address)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		answer = string(body)
	}
	_ = cmd.Wait() // the code says how it ended
	return out.String(), answer, cmd.ProcessState.ExitCode()
}
