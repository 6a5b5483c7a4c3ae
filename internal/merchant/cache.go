package merchant

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	"morepay/internal/pay"
)

// What is kept in memory.
const (
	maxServed  = 128 << 20 // bytes of documents as they are served
	maxDecoded = 8192      // documents to decide by; one takes about 10 KiB
)

// Cache keeps documents in memory until they change, those that were used last
// when there are too many. Whoever misses one while it is being read waits for
// that read. It is safe for concurrent use.
type Cache struct {
	store    Store
	log      *slog.Logger
	position int64 // of the newest change when it was made
	decoded  *lru.Cache[version, *capability.Document]
	reads    singleflight.Group // of Published, by merchant
	decodes  singleflight.Group // of DocumentAt, by merchant and version

	mu      sync.Mutex
	served  *simplelru.LRU[string, *Published]
	room    int    // bytes of JSON that served may still take
	changes uint64 // counts what Run has heard, so that no read keeps what it missed
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

// NewCache makes a cache that is empty. Fails with store_unavailable.
func NewCache(ctx context.Context, store Store, log *slog.Logger) (*Cache, error) {
	return newCache(ctx, store, log, maxServed, maxDecoded)
}

func newCache(ctx context.Context, store Store, log *slog.Logger, servedBytes, decodedDocuments int) (*Cache, error) {
	position, err := store.Position(ctx)
	if err != nil {
		return nil, err
	}
	c := &Cache{store: store, log: log, position: position, room: servedBytes}
	if c.decoded, err = lru.New[version, *capability.Document](decodedDocuments); err != nil {
		return nil, err
	}
	c.served, err = simplelru.NewLRU(math.MaxInt, func(_ string, p *Published) { c.room += len(p.JSON) })
	return c, err
}

// Run follows changes until ctx ends: a document stored by any server or command
// is in force here within [Poll].
func (c *Cache) Run(ctx context.Context) {
	Watch(ctx, c.store, c.position, func(r Revision) { c.forget(r.Merchant) }, func(err error) {
		c.log.ErrorContext(ctx, "changes of merchants can't be read", "err", err)
	})
}

func (c *Cache) forget(merchant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	c.served.Remove(merchant)
	c.reads.Forget(merchant) // what is being read may be the old one
}

// Published returns the merchant's document in force. Fails with not_found.
func (c *Cache) Published(ctx context.Context, merchant string) (*Published, error) {
	c.mu.Lock()
	p, ok := c.served.Get(merchant)
	c.mu.Unlock()
	if ok {
		return p, nil
	}
	return once(ctx, &c.reads, merchant, func(ctx context.Context) (*Published, error) { return c.readPublished(ctx, merchant) })
}

func (c *Cache) readPublished(ctx context.Context, merchant string) (*Published, error) {
	c.mu.Lock()
	before := c.changes
	c.mu.Unlock()
	stored, err := c.store.Get(ctx, merchant)
	if err != nil {
		return nil, err
	}
	p := publish(stored)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes == before {
		c.keep(merchant, p)
	}
	return p, nil
}

// keep caches p, and drops what was used longest ago if need be. The caller holds
// the lock.
func (c *Cache) keep(merchant string, p *Published) {
	c.served.Remove(merchant)
	for c.room < len(p.JSON) && c.served.Len() > 0 {
		c.served.RemoveOldest()
	}
	c.served.Add(merchant, p)
	c.room -= len(p.JSON)
}

// publish puts the version into a stored document. The store holds canonical
// JSON (capability.Document.JSON), in which it stands second: decoding and
// encoding again would give the same bytes a hundred times as slowly.
func publish(stored Revision) *Published {
	schema, rest, _ := bytes.Cut(stored.JSON, []byte(","))
	body := fmt.Appendf(nil, `%s,"version":%d,%s`, schema, stored.Version, rest)
	return &Published{Version: stored.Version, JSON: body, ETag: ETag(body)}
}

// Document returns the merchant's document in force and its version. Fails with
// not_found.
func (c *Cache) Document(ctx context.Context, merchant string) (*capability.Document, int64, error) {
	p, err := c.Published(ctx, merchant)
	if err != nil {
		return nil, 0, err
	}
	doc, err := c.DocumentAt(ctx, merchant, p.Version)
	return doc, p.Version, err
}

// DocumentAt returns one version of a merchant's document. Versions never
// change. Fails with not_found.
func (c *Cache) DocumentAt(ctx context.Context, merchant string, number int64) (*capability.Document, error) {
	key := version{merchant, number}
	if doc, ok := c.decoded.Get(key); ok {
		return doc, nil
	}
	name := merchant + " " + strconv.FormatInt(number, 10)
	return once(ctx, &c.decodes, name, func(ctx context.Context) (*capability.Document, error) {
		stored, err := c.store.Version(ctx, merchant, number)
		if err != nil {
			return nil, err
		}
		doc, err := document.DecodeStored(stored.JSON)
		if err != nil {
			return nil, pay.Wrap(pay.CodeInternal, err, "a stored document can't be read")
		}
		doc.Version = stored.Version
		c.decoded.Add(key, doc)
		return doc, nil
	})
}

// readTimeout bounds a read that nobody may be waiting for any more.
const readTimeout = 10 * time.Second

// once runs read for all who ask for a name meanwhile. One who gives up leaves
// the others their read.
func once[T any](ctx context.Context, reads *singleflight.Group, name string, read func(context.Context) (*T, error)) (*T, error) {
	result := reads.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		return read(ctx)
	})
	select {
	case r := <-result:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*T), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
