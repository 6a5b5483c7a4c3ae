package httpd_test

import (
	"log/slog"
	"os"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/merchant/folder"
	"morepay/internal/program"
	"morepay/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// harness is a running demo, with what the tests of routes do to it.
type harness struct {
	*demotest.Demo
	contract *contract // all that is asked of the API is held to it
}

func start(t *testing.T, adjust ...func(*demo.Config)) *harness {
	t.Helper()
	return underContract(t, demotest.Start(t, adjust...))
}

// startLive starts the server as it is where real money moves, with one merchant
// that has no account yet.
func startLive(t *testing.T, key string) *harness {
	t.Helper()
	log := &demotest.Journal{}
	p, err := program.Open(t.Context(), program.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Data: t.TempDir(), BaseURL: "https://pay.example",
		Merchants: program.Folder(merchantFolder(t, folder.ModeLive, key)), Log: program.NewLog(log, "text", slog.LevelInfo),
	})
	if err != nil {
		t.Fatal(err)
	}
	return underContract(t, demotest.Run(t, &demo.Demo{Program: p}, log))
}
