package merchant

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// What is kept in memory.
const (
	maxServed  = 128 << 20 // bytes of documents as they are served
	maxDecoded = 8192      // documents to decide by; one takes about 10 KiB
)

// Directory answers what the server must know of merchants: documents from the
// store, kept in memory until they change, and settings as loaded at start. It
// is safe for concurrent use.
type Directory struct {
	store     Store
	live      bool
	log       *slog.Logger
	position  int64 // of the newest change when it was made
	settings  map[string]Settings
	endpoints map[string][]webhook.Endpoint
	icons     map[string]map[string]Icon
	keys      map[string]string // hash of API key → merchant

	mu      sync.RWMutex
	current map[string]*Published
	decoded map[version]*capability.Document
	size    int    // bytes of JSON in current
	changes uint64 // counts what Run has heard, so that no read caches what it missed
}

type version struct {
	merchant string
	number   int64
}

// Published is a merchant's document in force, ready to be served.
type Published struct {
	Version int64
	JSON    []byte
	ETag    string
}

// NewDirectory makes a directory. live demands https in return URLs. Fails with
// store_unavailable, or if two merchants have a key in common.
func NewDirectory(ctx context.Context, store Store, sources []Source, live bool, log *slog.Logger) (*Directory, error) {
	position, err := store.Position(ctx)
	if err != nil {
		return nil, err
	}
	d := &Directory{
		store: store, live: live, log: log, position: position, settings: map[string]Settings{}, endpoints: map[string][]webhook.Endpoint{}, icons: map[string]map[string]Icon{}, keys: map[string]string{},
		current: map[string]*Published{}, decoded: map[version]*capability.Document{},
	}
	for _, s := range sources {
		d.settings[s.ID], d.endpoints[s.ID], d.icons[s.ID] = s.Settings, s.Webhooks, s.Icons
		for i, k := range s.Settings.APIKeys {
			if other, taken := d.keys[k.SHA256]; taken && other != s.ID {
				return nil, fmt.Errorf("%s/%s: api_keys[%d]: is a key of %s too", s.ID, SettingsFile, i, other)
			}
			d.keys[k.SHA256] = s.ID
		}
	}
	return d, nil
}

// Run follows changes until ctx ends: a document stored by any server or command
// is in force here within [Poll].
func (d *Directory) Run(ctx context.Context) {
	Watch(ctx, d.store, d.position, func(doc Document) { d.forget(doc.Merchant) }, func(err error) {
		d.log.ErrorContext(ctx, "changes of merchants can't be read", "err", err)
	})
}

func (d *Directory) forget(merchant string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes++
	if p := d.current[merchant]; p != nil {
		delete(d.current, merchant)
		d.size -= len(p.JSON)
	}
}

// Published is the merchant's document in force. Fails with not_found.
func (d *Directory) Published(ctx context.Context, merchant string) (*Published, error) {
	d.mu.RLock()
	p, changes := d.current[merchant], d.changes
	d.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	stored, err := d.store.Get(ctx, merchant)
	if err != nil {
		return nil, err
	}
	p = publish(stored)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changes == changes && d.current[merchant] == nil {
		d.keep(merchant, p)
	}
	return p, nil
}

// keep caches p, and drops others if need be, whichever: what is in use comes
// back at once. The caller holds the lock.
func (d *Directory) keep(merchant string, p *Published) {
	for other, o := range d.current {
		if d.size+len(p.JSON) <= maxServed {
			break
		}
		delete(d.current, other)
		d.size -= len(o.JSON)
	}
	d.current[merchant] = p
	d.size += len(p.JSON)
}

// publish puts the version into a stored document. The store holds canonical
// JSON (capability.Document.JSON), in which it stands second: decoding and
// encoding again would give the same bytes a hundred times as slowly.
func publish(stored Document) *Published {
	schema, rest, _ := bytes.Cut(stored.JSON, []byte(","))
	body := fmt.Appendf(nil, `%s,"version":%d,%s`, schema, stored.Version, rest)
	return &Published{Version: stored.Version, JSON: body, ETag: ETag(body)}
}

// Document is the merchant's document in force and its version.
func (d *Directory) Document(ctx context.Context, merchant string) (*capability.Document, int64, error) {
	p, err := d.Published(ctx, merchant)
	if err != nil {
		return nil, 0, err
	}
	doc, err := d.DocumentAt(ctx, merchant, p.Version)
	return doc, p.Version, err
}

// DocumentAt is one version of a merchant's document. Versions never change.
func (d *Directory) DocumentAt(ctx context.Context, merchant string, number int64) (*capability.Document, error) {
	key := version{merchant, number}
	d.mu.RLock()
	doc := d.decoded[key]
	d.mu.RUnlock()
	if doc != nil {
		return doc, nil
	}
	stored, err := d.store.Version(ctx, merchant, number)
	if err != nil {
		return nil, err
	}
	if doc, err = document.Decode(stored.JSON); err != nil {
		return nil, pay.Wrap(pay.CodeInternal, err, "a stored document can't be read")
	}
	doc.Version = stored.Version
	d.mu.Lock()
	defer d.mu.Unlock()
	for other := range d.decoded {
		if len(d.decoded) < maxDecoded {
			break
		}
		delete(d.decoded, other)
	}
	d.decoded[key] = doc
	return doc, nil
}

// ReturnURL checks that the merchant may send payers there.
func (d *Directory) ReturnURL(merchant, url string) error {
	s := d.settings[merchant]
	return s.allowsReturn(url, d.live)
}

// Origins lists the pages that may frame the merchant's checkout.
func (d *Directory) Origins(merchant string) []string { return d.settings[merchant].Origins }

// Endpoints lists where the merchant hears of events.
func (d *Directory) Endpoints(merchant string) []webhook.Endpoint { return d.endpoints[merchant] }

// ByKey tells whose API key this is. Keys are looked up by hash, so the time it
// takes tells nothing of a key.
func (d *Directory) ByKey(key string) (merchant string, ok bool) {
	merchant, ok = d.keys[HashKey(key)]
	return merchant, ok
}
