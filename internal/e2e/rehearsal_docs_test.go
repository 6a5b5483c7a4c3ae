package e2e_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/merchant/folder"
	"morepay/internal/needs"
	"morepay/internal/pay"
	"morepay/internal/program"
)

// guides is where the documents of providers are.
const guides = "../../docs/providers/"

// A newcomer does what the documents say, letter by letter: in an empty folder, to a paid
// order that is given back; then in every mode for which there is an entry; then as a
// platform with two shops.
func TestGuides(t *testing.T) {
	needs.Curl(t)
	r := newReader(t)
	t.Run("rehearsal", r.rehearse)
	if t.Failed() {
		return
	}
	for _, page := range []struct {
		name   string
		method pay.Method
		modes  int
	}{{"wechatpay.md", "wechat_pay", 4}, {"alipay.md", "alipay", 3}, {"unionpay.md", "unionpay", 1}} {
		entries := blocks(r.page(t, page.name), "json")
		if len(entries) < page.modes {
			t.Errorf("%s has %d entries, want %d or more", page.name, len(entries), page.modes)
		}
		for _, entry := range entries {
			t.Run(string(page.method), func(t *testing.T) { r.tryMode(t, page.method, entry) })
		}
	}
	t.Run("platform", r.servePlatform)
}

// reader is who reads them. Addresses are free ones.
type reader struct {
	dir               string
	server, simulator string
	addresses         *strings.Replacer // of the documents, and what there is in their place
}

func newReader(t *testing.T) *reader {
	t.Helper()
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "morepay"), "morepay").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	r := &reader{dir: t.TempDir(), server: freeAddress(t), simulator: freeAddress(t)}
	for name, value := range map[string]string{
		"LISTEN": r.server, "BASE_URL": "http://" + r.server, "SIM_LISTEN": r.simulator, "ADMIN_LISTEN": "127.0.0.1:0", "DRAIN": "0s",
	} {
		t.Setenv("MOREPAY_"+name, value)
	}
	_, port, _ := strings.Cut(freeAddress(t), ":")
	r.addresses = strings.NewReplacer("127.0.0.1:8080", r.server, "127.0.0.1:8081", r.simulator,
		"localhost:5173", "localhost:"+port, `("localhost", 5173)`, `("localhost", `+port+`)`)
	return r
}

func (r *reader) page(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(guides + name)
	if err != nil {
		t.Fatal(err)
	}
	return r.addresses.Replace(string(b))
}

// fenced is a block of a page: its kind, and what is in it.
var fenced = regexp.MustCompile("(?ms)^```([^\n]+)\n(.*?)^```$")

func blocks(text, kind string) (list []string) {
	for _, b := range fenced.FindAllStringSubmatch(text, -1) {
		if b[1] == kind {
			list = append(list, b[2])
		}
	}
	return list
}

// terminal is a window in which something runs until its test ends.
type terminal struct {
	in    io.WriteCloser
	lines *bufio.Scanner
	said  strings.Builder
}

// open runs a command in a terminal.
func (r *reader) open(t *testing.T, name string, args ...string) *terminal {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = r.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close() // it is the command's now
	w := &terminal{in: in, lines: bufio.NewScanner(out)}
	t.Cleanup(func() { // the context is over by now
		_ = in.Close()
		for w.next() {
		}
		_ = cmd.Wait() // that it was interrupted is no news
		_ = out.Close()
		if t.Failed() {
			t.Logf("%s %q:\n%s", name, args, &w.said)
		}
	})
	return w
}

func (w *terminal) next() bool {
	ok := w.lines.Scan()
	w.said.WriteString(w.lines.Text() + "\n")
	return ok
}

// until returns what is said up to a line with a word.
func (w *terminal) until(t *testing.T, word string) string {
	t.Helper()
	from := w.said.Len()
	for w.next() {
		if strings.Contains(w.lines.Text(), word) {
			return w.said.String()[from:]
		}
	}
	t.Fatalf("it ended without %q", word)
	return ""
}

// shell opens one that ends at the first command that fails.
func (r *reader) shell(t *testing.T) *terminal {
	t.Helper()
	return r.open(t, "sh", "-e")
}

// types has a shell run commands, and returns what they say.
func (w *terminal) types(t *testing.T, commands string) string {
	t.Helper()
	const end = "this-block-is-done"
	if _, err := io.WriteString(w.in, commands+"echo; echo "+end+"\n"); err != nil {
		t.Fatal(err)
	}
	return w.until(t, end)
}

// begun is what each of the commands that go on says once it has begun.
var begun = map[string]string{"morepay simulate": "--sim-url", "morepay serve": "msg=serving", "python3 hooks.py": "listening"}

// begin runs one of those in a terminal of its own.
func (r *reader) begin(t *testing.T, command string) *terminal {
	t.Helper()
	for name, word := range begun {
		if strings.HasPrefix(command, name) {
			w := r.open(t, "sh", "-c", "exec "+command)
			w.until(t, word)
			return w
		}
	}
	t.Fatalf("when has %q begun?", command)
	return nil
}

func (r *reader) rehearse(t *testing.T) {
	needs.Python(t)
	text := r.page(t, "rehearsal.md")
	first, others, _ := strings.Cut(text, "## Other modes")
	shell := r.shell(t)
	var hooks *terminal
	for _, b := range fenced.FindAllStringSubmatch(first, -1) {
		kind, name, _ := strings.Cut(b[1], " ")
		switch {
		case kind == "python":
			r.write(t, name, b[2])
		case name == "terminal":
			hooks = r.begin(t, b[2])
		default:
			if said := shell.types(t, b[2]); strings.Contains(said, "warning") && !strings.Contains(said, "WebAssembly") {
				t.Errorf("a newcomer is warned:\n%s", said)
			}
		}
		if strings.Contains(b[2], "> session.json") {
			r.pay(t, "my-shop", "wechat_pay", r.read(t, "session.json"))
			hooks.until(t, "session.paid")
		}
	}
	hooks.until(t, "refund.succeeded")
	for _, b := range blocks(others, "sh") {
		shell.types(t, b)
	}
}

// tryMode puts an entry into the folder of the rehearsal, and has an order paid and
// given back.
func (r *reader) tryMode(t *testing.T, method pay.Method, entry string) {
	const settings, document = "merchants/my-shop/merchant.json", "merchants/my-shop/capabilities.json"
	var mode struct{ Accounts json.RawMessage }
	if err := json.Unmarshal([]byte("{"+entry+"}"), &mode); err != nil {
		t.Fatalf("%v in\n%s", err, entry)
	}
	var merchant map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.read(t, settings)), &merchant); err != nil {
		t.Fatal(err)
	}
	merchant["accounts"], merchant["webhooks"] = mode.Accounts, json.RawMessage("[]")
	changed, err := json.Marshal(merchant)
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, settings, string(changed))
	r.write(t, document, regexp.MustCompile(`"method": "[a-z_]+"`).ReplaceAllString(r.read(t, document), `"method": "`+string(method)+`"`))
	if method == "unionpay" { // it has no deep links
		r.write(t, document, strings.Replace(r.read(t, document), `"deep_link"`, `"redirect"`, 1))
	}
	r.serve(t)
	r.buy(t, "my-shop", method)
}

// serve starts both sides, with a database that is thrown away.
func (r *reader) serve(t *testing.T) {
	t.Helper()
	r.begin(t, "morepay simulate --merchants merchants")
	server := "--merchants merchants --sim-url http://" + r.simulator
	r.begin(t, "morepay serve --data '"+t.TempDir()+"' "+server)
	r.shell(t).types(t, "morepay check --live "+server+"\n")
}

func (r *reader) servePlatform(t *testing.T) {
	platform := *r
	platform.dir = t.TempDir()
	shell := platform.shell(t)
	shell.types(t, blocks(r.page(t, "rehearsal.md"), "sh")[0]+"cd ../..\n")
	for _, b := range blocks(r.page(t, "platforms.md"), "sh") {
		shell.types(t, b)
	}
	platform.serve(t)
	for _, shop := range []string{"shop-77", "shop-78"} {
		platform.buy(t, shop, "wechat_pay")
	}
}

// buy makes an order, pays it and gives it back.
func (r *reader) buy(t *testing.T, shop string, method pay.Method) {
	t.Helper()
	s, key := r.shop(t, shop)
	post := func(path, body string) demotest.Answer {
		a := s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+path, body, "Authorization", "Bearer "+key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", path+shop))
		if a.Status != http.StatusCreated {
			t.Fatalf("%s: %d %s", path, a.Status, a.Body)
		}
		return a
	}
	order := post("/v1/sessions", s.JSON(t, demotest.Order{}, map[string]any{"return_url": r.addresses.Replace("http://localhost:5173/thanks")}))
	paid := r.pay(t, shop, method, order.Body)
	post("/v1/sessions/"+paid.ID+"/refunds", "{}")
}

// shop is what a demo would be to its tests.
func (r *reader) shop(t *testing.T, shop string) (*demotest.Demo, string) {
	t.Helper()
	key := strings.TrimSpace(r.read(t, "merchants/"+shop+"/api_key"))
	return &demotest.Demo{
		Demo: &demo.Demo{
			Program: &program.Program{Config: program.Config{SimURL: "http://" + r.simulator}},
			Shops:   []demo.Shop{{Merchant: folder.Merchant{ID: shop}, Key: key}},
		},
		Origin: "http://" + r.server, Client: demotest.NewClient(http.DefaultTransport),
	}, key
}

// pay does what the payer does in the browser and on the phone: a code is shown, scanned
// and paid.
func (r *reader) pay(t *testing.T, shop string, method pay.Method, order string) demotest.Session {
	t.Helper()
	s, key := r.shop(t, shop)
	created := demotest.Session{Key: key}
	if err := json.Unmarshal([]byte(order), &created); err != nil {
		t.Fatalf("%v: %s", err, order)
	}
	if a := s.Do(t, demotest.Request(t, http.MethodPost, created.URL+"/attempts", s.Form(t, created, method, pay.RailQR).Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Desktop)); a.Status != http.StatusSeeOther {
		t.Fatalf("attempt: %d %s", a.Status, a.Body)
	}
	attempt := s.Look(t, created).Attempts[0]
	codes := s.Payments(t, "codes")
	i := slices.IndexFunc(codes, func(p demotest.Payment) bool { return p.Number == attempt.OutTradeNo })
	if i < 0 {
		t.Fatalf("%s is not among the codes: %+v", attempt.OutTradeNo, codes)
	}
	scan, err := json.Marshal(map[string]string{"text": codes[i].Text, "how": "camera"})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.Do(t, demotest.Request(t, http.MethodPost, s.SimURL+"/control/scan", string(scan), "Content-Type", demotest.TypeJSON)); a.Status != http.StatusOK {
		t.Fatalf("scan: %d %s", a.Status, a.Body)
	}
	s.UntilPaid(t, created, func() { s.Phone(t, "approve", codes[i].Text) })
	return created
}

func (r *reader) read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (r *reader) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
