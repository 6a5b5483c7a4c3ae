package webhook_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// The repair that comes naturally: the URL was wrong, and is put right in the file.
func TestMovedEndpointKeepsItsMessages(t *testing.T) {
	t.Parallel()
	wrong, right := newReceiver(t, status(404)), newReceiver(t, nil)
	b := newBench(t, wrong.endpoint())
	b.cancel()
	b.once()
	b.configure(right.endpoint())
	b.once()
	if got, want := right.ids(), []string{"evt_cs_1_2"}; !slices.Equal(got, want) {
		t.Errorf("the corrected URL got %v, want %v", got, want)
	}
}

// A rollout changes a URL while both servers run, and the old one restarts: no
// message is lost, and the old file turns nothing back.
func TestRollout(t *testing.T) {
	t.Parallel()
	before, after := newReceiver(t, nil), newReceiver(t, nil)
	b := newBench(t, before.endpoint())
	const messages = 6
	for i := range messages {
		b.cancel()
		switch i {
		case 2:
			b.configure(after.endpoint())
		case 4:
			b.configure(before.endpoint()) // the old server starts again
		}
		b.once()
	}
	if n := len(before.deliveries()) + len(after.deliveries()); n != messages || len(after.deliveries()) != 4 {
		t.Errorf("the old URL got %v, the new one %v", before.ids(), after.ids())
	}
	if warned := b.log.with("not those in force"); len(warned) != 1 || !strings.Contains(warned[0], "level=WARN") {
		t.Errorf("who starts with an older file is told once: %q", warned)
	}
	for i := range messages {
		if got := b.receipt([]string{"evt_cs_1_2", "evt_cs_2_2", "evt_cs_3_2", "evt_cs_4_2", "evt_cs_5_2", "evt_cs_6_2"}[i]); got.State != webhook.Delivered {
			t.Errorf("message %d: %+v", i+1, got)
		}
	}
}

// What waits for an endpoint that is taken out is delivered; nothing new is.
func TestRemovedEndpoint(t *testing.T) {
	t.Parallel()
	var answer atomic.Int64
	answer.Store(http.StatusInternalServerError)
	r := newReceiver(t, func(w http.ResponseWriter, _ int) { w.WriteHeader(int(answer.Load())) })
	b := newBench(t, r.endpoint())
	b.cancel()
	b.once()
	b.configure()
	b.cancel()
	b.setNow(b.state().NextAt)
	answer.Store(http.StatusGone) // no reason to keep it waiting for ever
	b.once()
	if s := b.state(); s.Pending != 1 || s.RemovedAt.IsZero() || !s.DisabledAt.IsZero() {
		t.Errorf("what waits is still shown: %+v", s)
	}
	answer.Store(http.StatusNoContent)
	b.setNow(b.state().NextAt)
	b.once()
	if got, want := r.ids(), []string{"evt_cs_1_2", "evt_cs_1_2", "evt_cs_1_2"}; !slices.Equal(got, want) {
		t.Errorf("delivered %v, want %v", got, want)
	}
	if list := must(b.directory.List(t.Context(), merchant)); len(list) != 0 {
		t.Errorf("then it is gone: %+v", list)
	}
}

// kept returns ids and URLs in force.
func (b *bench) inForce() (list []webhook.Listed) {
	b.Helper()
	for _, e := range must(b.directory.List(b.Context(), merchant)) {
		if e.RemovedAt.IsZero() {
			list = append(list, webhook.Listed{ID: e.ID, URL: e.URL})
		}
	}
	return list
}

// Files and people change the list; each change is a version with a reason.
func TestHistory(t *testing.T) {
	t.Parallel()
	const one, two, three = "https://one.example/", "https://two.example/", "https://three.example/"
	endpoint := func(id, url string) webhook.Endpoint {
		return webhook.Endpoint{ID: id, URL: url, Secrets: []string{secret(1)}}
	}
	b := newBench(t, endpoint("", one))
	ctx, d := t.Context(), b.directory
	b.configure(endpoint("shop", one), endpoint("books", two))                         // given ids
	b.configure(endpoint("books", two), endpoint("shop", one))                         // the same, in another order
	_, err := d.Add(ctx, merchant, "ann", webhook.Endpoint{ID: "crm", URL: three})     // by hand
	b.must(err)                                                                        //
	b.must(d.Move(ctx, merchant, "ann", "shop", three))                                //
	b.configure(endpoint("shop", one), endpoint("books", two))                         // seen before
	b.must(d.Remove(ctx, merchant, "bob", "books"))                                    //
	b.must(d.Restore(ctx, merchant, "bob", 2))                                         //
	b.configure(endpoint("shop", two), endpoint("books", two), endpoint("crm", three)) // never seen: in force
	want := []string{
		"7 file moved shop, added crm, changed the secrets of crm", "6 bob restored version 2", "5 bob removed books", "4 ann moved shop", "3 ann added crm",
		"2 file renamed 1 to shop, added books", "1 file added 1",
	}
	var got []string
	for _, v := range must(d.History(ctx, merchant)) {
		got = append(got, strings.Join([]string{string(rune('0' + v.Number)), v.Author, v.Change}, " "))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the history (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]webhook.Listed{{ID: "shop", URL: two}, {ID: "books", URL: two}, {ID: "crm", URL: three}}, b.inForce()); diff != "" {
		t.Errorf("in force (-want +got):\n%s", diff)
	}
	if n := len(b.log.with("not those in force")); n != 1 {
		t.Errorf("a file that differs is told of %d times", n)
	}
	if n := len(b.log.with("changed by hand")); n != 1 {
		t.Errorf("a file that takes the place of changes by hand is told of %d times", n)
	}
	b.must(d.Learn(ctx, merchant, nil)) // a file without a list says nothing
	if len(b.inForce()) != 3 {
		t.Error("a file without a list has changed something")
	}
}

func TestRefusedChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t, webhook.Endpoint{ID: "shop", URL: "https://shop.example/", Secrets: []string{secret(1)}})
	ctx, d := t.Context(), b.directory
	add := func(e webhook.Endpoint) error { _, err := d.Add(ctx, merchant, "ann", e); return err }
	rotate := func(id string) error { _, err := d.Rotate(ctx, merchant, "ann", id, false); return err }
	for name, c := range map[string]struct {
		err  error
		want pay.Code
	}{
		"taken-id":        {add(webhook.Endpoint{ID: "shop", URL: "https://a.example/"}), pay.CodeConflict},
		"bad-id":          {add(webhook.Endpoint{ID: "A shop", URL: "https://a.example/"}), pay.CodeInvalid},
		"bad-url":         {add(webhook.Endpoint{ID: "a", URL: "ftp://a.example/"}), pay.CodeInvalid},
		"bad-move":        {d.Move(ctx, merchant, "ann", "shop", "a.example"), pay.CodeInvalid},
		"unknown-move":    {d.Move(ctx, merchant, "ann", "none", "https://a.example/"), pay.CodeNotFound},
		"unknown-disable": {d.Disable(ctx, merchant, "ann", "none"), pay.CodeNotFound},
		"unknown-rotate":  {rotate("none"), pay.CodeNotFound},
		"other-merchant":  {d.Remove(ctx, "other", "ann", "shop"), pay.CodeNotFound},
		"no-author":       {d.Remove(ctx, merchant, "", "shop"), pay.CodeInvalid},
		"no-version":      {d.Restore(ctx, merchant, "ann", 9), pay.CodeNotFound},
	} {
		if e, ok := errors.AsType[*pay.Error](c.err); !ok || e.Code != c.want {
			t.Errorf("%s: %v, want %s", name, c.err, c.want)
		}
	}
	if versions := must(d.History(ctx, merchant)); len(versions) != 1 {
		t.Errorf("what is refused is no version: %+v", versions)
	}
}

// verifies reports whether a delivery is signed with a secret.
func verifies(t *testing.T, d delivery, key string) bool {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(key)
	if err != nil {
		t.Fatal(err)
	}
	return w.Verify([]byte(d.body), d.header) == nil
}

// A secret is replaced without a moment in which a receiver can't verify.
func TestRotation(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	b := newBench(t, r.endpoint(secret(1)))
	next := func() delivery {
		b.cancel()
		b.once()
		return r.deliveries()[len(r.deliveries())-1]
	}
	fresh := must(b.directory.Rotate(t.Context(), merchant, "ann", "1", false))
	if d := next(); !verifies(t, d, secret(1)) || !verifies(t, d, fresh) {
		t.Error("both secrets sign")
	}
	newest := must(b.directory.Rotate(t.Context(), merchant, "ann", "1", false))
	if d := next(); verifies(t, d, secret(1)) || !verifies(t, d, fresh) || !verifies(t, d, newest) {
		t.Error("the newest two sign")
	}
	only := must(b.directory.Rotate(t.Context(), merchant, "ann", "1", true))
	if d := next(); verifies(t, d, newest) || !verifies(t, d, only) {
		t.Error("the newest alone signs")
	}
	for _, k := range must(b.db.Endpoints.Kept(t.Context(), merchant)) {
		if text := string(k.Sealed); strings.Contains(text, only) || strings.Contains(text, "whsec_") {
			t.Error("the secret lies in the open")
		}
	}
	b.must(b.directory.Reseal(t.Context()))
	if d := next(); !verifies(t, d, only) {
		t.Error("sealed again it still signs")
	}
}

// Disabling keeps what comes, enabling sends it.
func TestDisableByHand(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	b := newBench(t, r.endpoint())
	b.must(b.directory.Disable(t.Context(), merchant, "ann", "1"))
	b.cancel()
	b.once()
	if s := b.state(); s.Pending != 1 || s.Reason != "disabled by ann" || len(r.deliveries()) != 0 {
		t.Errorf("nothing is sent: %+v", s)
	}
	b.must(b.directory.Enable(t.Context(), merchant, "ann", "1"))
	b.once()
	if n := len(r.deliveries()); n != 1 {
		t.Errorf("%d deliveries", n)
	}
}

func TestTestMessage(t *testing.T) {
	t.Parallel()
	var answer atomic.Int64
	answer.Store(http.StatusNoContent)
	r := newReceiver(t, func(w http.ResponseWriter, _ int) { w.WriteHeader(int(answer.Load())) })
	b := newBench(t, r.endpoint(secret(1)))
	tried := must(b.directory.Test(t.Context(), merchant, "1"))
	if d := r.deliveries()[0]; tried.Status != 204 || tried.Error != "" || !verifies(t, d, secret(1)) || !strings.Contains(d.body, `"type":"endpoint.test"`) || d.id() == "" {
		t.Errorf("got %+v, the receiver %s", tried, d.body)
	}
	answer.Store(http.StatusTeapot)
	if tried := must(b.directory.Test(t.Context(), merchant, "1")); tried.Status != 418 || tried.Error == "" {
		t.Errorf("got %+v", tried)
	}
	if _, err := b.directory.Test(t.Context(), merchant, "none"); pay.CodeOf(err) != pay.CodeNotFound {
		t.Errorf("got %v", err)
	}
	b.setNow(b.now.Add(time.Hour))
	b.once()
	if n := len(r.deliveries()); n != 2 {
		t.Errorf("a test is not sent again: %d", n)
	}
	r.Close()
	if tried := must(b.directory.Test(t.Context(), merchant, "1")); !strings.Contains(tried.Error, "refused") || strings.Contains(tried.Error, r.URL) {
		t.Errorf("of an endpoint that is not there it says %q: its address may be a secret", tried.Error)
	}
}

func FuzzPlace(f *testing.F) {
	for _, seed := range []string{"", "evt_cs_1_2", "cur_", "cur_MSBldnQ", webhook.Place{Sequence: 7, ID: "evt_cs_1_2"}.String()} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := webhook.ParsePlace(text)
		if err != nil || !strings.HasPrefix(text, "cur_") {
			return
		}
		if again, err := webhook.ParsePlace(p.String()); err != nil || again != p {
			t.Errorf("%q is %+v, which is written and read as %+v, %v", text, p, again, err)
		}
	})
}
