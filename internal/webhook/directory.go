package webhook

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"morepay/internal/pay"
	"morepay/internal/seal"
)

// Directory keeps the endpoints of merchants in the store, so that all servers
// agree whatever their files say; files and people make new versions of it.
type Directory struct {
	Store    EndpointStore
	Box      *seal.Box // keeps secrets
	Loopback bool      // test mode: loopback, plain http and any port are let through
	Now      func() time.Time
	Log      *slog.Logger
}

// fileAuthor is the author of versions that files bring.
const fileAuthor = "file"

// maxVersions bounds how far back people can look.
const maxVersions = 100

// Learn takes up the list of a merchant's file: one that the store has never had
// becomes the new version, one that it has had changes nothing, so that a server
// which restarts with an older file can't turn anything back. nil is no list.
func (d *Directory) Learn(ctx context.Context, merchant string, list []Endpoint) error {
	if list == nil {
		return nil
	}
	before, err := d.Store.Versions(ctx, merchant, 1)
	if err != nil {
		return err
	}
	v := Version{Hash: hashOf(list), Author: fileAuthor, At: d.Now()}
	learned, err := d.Store.Change(ctx, merchant, v, func(kept []Kept) ([]Kept, string, error) {
		return d.merge(kept, list)
	})
	if err != nil {
		return err
	}
	log := d.Log.With("merchant", merchant)
	switch {
	case !learned && before[0].Hash != v.Hash:
		log.WarnContext(ctx, "the webhooks of the file are not those in force: a later version is", "version", before[0].Number, "author", before[0].Author)
	case learned && len(before) > 0 && before[0].Hash == "":
		log.WarnContext(ctx, "the webhooks of the file take the place of those that were changed by hand", "version", before[0].Number+1, "author", before[0].Author)
	}
	return nil
}

// hashOf is of a list with its secrets, whatever its order. Secrets are random
// bytes, so that it tells nothing of them.
func hashOf(list []Endpoint) string {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(a, b Endpoint) int { return cmp.Compare(a.ID, b.ID) })
	text, _ := json.Marshal(sorted) // of strings only: it can't fail
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// merge makes the list of a file of those that are kept. An endpoint is the same
// if it has the same id, or else, if it was renamed, the same URL.
func (d *Directory) merge(kept []Kept, list []Endpoint) ([]Kept, string, error) {
	var words []string
	in := make([]bool, len(kept)) // those that are in the list
	next := slices.Clone(kept)
	for _, e := range list {
		i := find(kept, e.ID)
		if i < 0 {
			i = renamed(kept, list, in, e.URL)
		}
		if i < 0 {
			next = append(next, Kept{ID: e.ID, URL: e.URL, Sealed: d.sealed(e.Secrets)})
			words = append(words, "added "+e.ID)
			continue
		}
		in[i] = true
		if did := d.become(&next[i], e); did != "" {
			words = append(words, did)
		}
	}
	for i := range kept {
		if !in[i] && kept[i].RemovedAt.IsZero() {
			next[i].RemovedAt = d.Now()
			words = append(words, "removed "+kept[i].ID)
		}
	}
	return next, cmp.Or(strings.Join(words, ", "), "nothing"), nil
}

// renamed finds an endpoint with a URL whose own id the list doesn't have.
func renamed(kept []Kept, list []Endpoint, in []bool, url string) int {
	for i, k := range kept {
		named := slices.ContainsFunc(list, func(e Endpoint) bool { return e.ID == k.ID })
		if k.URL == url && k.RemovedAt.IsZero() && !named && !in[i] {
			return i
		}
	}
	return -1
}

// become makes k what e says, and returns in words what has changed.
func (d *Directory) become(k *Kept, e Endpoint) string {
	var words []string
	if !k.RemovedAt.IsZero() {
		words = append(words, "added "+e.ID)
	}
	if k.ID != e.ID {
		words = append(words, "renamed "+k.ID+" to "+e.ID)
	}
	if k.URL != e.URL {
		words = append(words, "moved "+e.ID)
		k.DisabledAt, k.Reason = time.Time{}, ""
	}
	if current, err := d.Secrets(k.Sealed); err != nil || !slices.Equal(current, e.Secrets) {
		words = append(words, "changed the secrets of "+e.ID)
		k.Sealed = d.sealed(e.Secrets)
	}
	k.ID, k.URL, k.RemovedAt = e.ID, e.URL, time.Time{}
	return strings.Join(words, ", ")
}

func find(kept []Kept, id string) int {
	return slices.IndexFunc(kept, func(k Kept) bool { return k.ID == id })
}

func (d *Directory) sealed(secrets []string) []byte {
	text, _ := json.Marshal(secrets) // of strings only: it can't fail
	return d.Box.Seal(seal.ForWebhook, text)
}

// Secrets opens the secrets of an endpoint.
func (d *Directory) Secrets(sealed []byte) (secrets []string, err error) {
	text, err := d.Box.Open(seal.ForWebhook, sealed)
	if err != nil {
		return nil, err
	}
	return secrets, json.Unmarshal(text, &secrets)
}

// Reseal seals with the server's first secret what others have sealed, so that
// those can be retired.
func (d *Directory) Reseal(ctx context.Context) error {
	return d.Store.Reseal(ctx, func(sealed []byte) ([]byte, error) { return d.Box.Renew(seal.ForWebhook, sealed) })
}

// List lists a merchant's endpoints.
func (d *Directory) List(ctx context.Context, merchant string) ([]EndpointState, error) {
	return d.Store.Endpoints(ctx, merchant)
}

// History lists the newest versions of a merchant's endpoints, newest first.
func (d *Directory) History(ctx context.Context, merchant string) ([]Version, error) {
	return d.Store.Versions(ctx, merchant, maxVersions)
}

// Add adds an endpoint with a secret of its own, which is returned.
func (d *Directory) Add(ctx context.Context, merchant, author string, e Endpoint) (secret string, err error) {
	secret = newSecret()
	e.Secrets = []string{secret}
	if err := e.Check(d.Loopback); err != nil {
		return "", err
	}
	return secret, d.byHand(ctx, merchant, author, "added "+e.ID, func(kept []Kept) ([]Kept, error) {
		i := find(kept, e.ID)
		if i < 0 {
			return append(kept, Kept{ID: e.ID, URL: e.URL, Sealed: d.sealed(e.Secrets)}), nil
		}
		if kept[i].RemovedAt.IsZero() {
			return nil, pay.Errorf(pay.CodeConflict, "id", "there is an endpoint %q already", e.ID)
		}
		d.become(&kept[i], e)
		return kept, nil
	})
}

// Move gives an endpoint another URL. What waits for it goes along.
func (d *Directory) Move(ctx context.Context, merchant, author, id, url string) error {
	if err := checkURL(url, d.Loopback); err != nil {
		return err
	}
	return d.change(ctx, merchant, author, id, "moved", func(k *Kept) {
		k.URL, k.DisabledAt, k.Reason = url, time.Time{}, ""
	})
}

// Remove takes an endpoint out of the list. What waits for it is still delivered.
func (d *Directory) Remove(ctx context.Context, merchant, author, id string) error {
	return d.change(ctx, merchant, author, id, "removed", func(k *Kept) { k.RemovedAt = d.Now() })
}

// Disable leaves an endpoint alone until it is enabled. What comes for it waits.
func (d *Directory) Disable(ctx context.Context, merchant, author, id string) error {
	return d.change(ctx, merchant, author, id, "disabled", func(k *Kept) {
		k.DisabledAt, k.Reason = d.Now(), "disabled by "+author
	})
}

// Enable takes a disabled endpoint into use again.
func (d *Directory) Enable(ctx context.Context, merchant, author, id string) error {
	return d.change(ctx, merchant, author, id, "enabled", func(k *Kept) { k.DisabledAt, k.Reason = time.Time{}, "" })
}

// Rotate gives an endpoint a new secret, which is returned. The one before signs
// too until the next rotation, or not at all if atOnce.
func (d *Directory) Rotate(ctx context.Context, merchant, author, id string, atOnce bool) (secret string, err error) {
	secret = newSecret()
	return secret, d.change(ctx, merchant, author, id, "rotated the secret of", func(k *Kept) {
		secrets := []string{secret}
		if before, err := d.Secrets(k.Sealed); err == nil && !atOnce {
			secrets = append(secrets, before[0])
		}
		k.Sealed = d.sealed(secrets)
	})
}

// Restore puts an earlier version in force again, with the secrets of today.
func (d *Directory) Restore(ctx context.Context, merchant, author string, version int64) error {
	versions, err := d.History(ctx, merchant)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(versions, func(v Version) bool { return v.Number == version })
	if i < 0 {
		return pay.Errorf(pay.CodeNotFound, "version", "there is no version %d", version)
	}
	return d.byHand(ctx, merchant, author, fmt.Sprintf("restored version %d", version), func(kept []Kept) ([]Kept, error) {
		for i := range kept {
			if kept[i].RemovedAt.IsZero() {
				kept[i].RemovedAt = d.Now()
			}
		}
		for _, e := range versions[i].Endpoints {
			k := find(kept, e.ID)
			if k < 0 {
				return nil, pay.Errorf(pay.CodeConflict, "version", "endpoint %q has got another id since: add it", e.ID)
			}
			if kept[k].URL != e.URL {
				kept[k].DisabledAt, kept[k].Reason = time.Time{}, ""
			}
			kept[k].URL, kept[k].RemovedAt = e.URL, time.Time{}
		}
		return kept, nil
	})
}

// change changes one endpoint that is in force.
func (d *Directory) change(ctx context.Context, merchant, author, id, words string, do func(*Kept)) error {
	return d.byHand(ctx, merchant, author, words+" "+id, func(kept []Kept) ([]Kept, error) {
		i := find(kept, id)
		if i < 0 || !kept[i].RemovedAt.IsZero() {
			return nil, errNoEndpoint
		}
		do(&kept[i])
		return kept, nil
	})
}

var errNoEndpoint = pay.Errorf(pay.CodeNotFound, "", "there is no such endpoint")

// byHand makes a version that a person wants.
func (d *Directory) byHand(ctx context.Context, merchant, author, words string, change func([]Kept) ([]Kept, error)) error {
	if author == "" || author == fileAuthor {
		return pay.Errorf(pay.CodeInvalid, "author", "must say who decides")
	}
	_, err := d.Store.Change(ctx, merchant, Version{Author: author, At: d.Now()}, func(kept []Kept) ([]Kept, string, error) {
		next, err := change(kept)
		return next, words, err
	})
	return err
}

func newSecret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return "whsec_" + base64.StdEncoding.EncodeToString(b)
}

// Tried is the outcome of a test message.
type Tried struct {
	Status int           // HTTP status of the answer, 0 if there was none
	Error  string        // "" if it was accepted
	Took   time.Duration // until the answer
}

// TestType is the type of the message that [Directory.Test] sends.
const TestType = "endpoint.test"

// Test sends a message to an endpoint that tells of nothing, once.
func (d *Directory) Test(ctx context.Context, merchant, id string) (Tried, error) {
	kept, err := d.Store.Kept(ctx, merchant)
	if err != nil {
		return Tried{}, err
	}
	i := find(kept, id)
	if i < 0 || !kept[i].RemovedAt.IsZero() {
		return Tried{}, errNoEndpoint
	}
	e := Endpoint{ID: id, URL: kept[i].URL}
	if e.Secrets, err = d.Secrets(kept[i].Sealed); err != nil {
		return Tried{}, err
	}
	if err := e.Check(d.Loopback); err != nil {
		return Tried{}, err
	}
	now := d.Now()
	m := Message{ID: "test_" + rand.Text(), Merchant: merchant, At: now}
	m.Payload, err = json.Marshal(map[string]any{"id": m.ID, "type": TestType, "timestamp": now.UTC().Truncate(time.Millisecond), "data": struct{}{}})
	if err != nil {
		return Tried{}, err
	}
	client := newClient(guard(d.Loopback, 443), net.DefaultResolver)
	defer client.CloseIdleConnections()
	begin := time.Now()
	a, err := send(ctx, client, e, m, begin)
	t := Tried{Status: a.status, Took: time.Since(begin)}
	if err != nil || a.status/100 != 2 {
		t.Error = reason(a, err)
	}
	return t, nil
}
