package sqlite

import (
	"io"
	"math/rand/v2"
	"sync"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// sector is the number of bytes that a disk writes whole or not at all.
const sector = 512

// disk is a computer's disk with its cache, as a file system for SQLite. What is
// written is in the cache until it is synced. Power fails after a number of
// writes: from then on everything fails, and of what was only in the cache any
// sector may or may not have reached the disk, in any order.
type disk struct {
	mu     sync.Mutex
	files  map[string]*content
	power  int // writes until it fails
	failed bool
}

// content is a file: as programs see it, and as it certainly is on the disk.
type content struct {
	seen, synced []byte
	cached       []write // since the last sync
}

// write is one change of a file: data at an offset, or a new size.
type write struct {
	offset int64
	data   []byte // nil if the file is cut or grown to offset
}

func (w write) apply(b []byte) []byte {
	end := int(w.offset) + len(w.data)
	if w.data == nil && end < len(b) {
		return b[:end:end]
	}
	if grow := end - len(b); grow > 0 {
		b = append(b, make([]byte, grow)...)
	}
	copy(b[w.offset:], w.data)
	return b
}

// sectors returns the parts of a write that succeed or fail by themselves.
func (w write) sectors() []write {
	if w.data == nil {
		return []write{w}
	}
	var parts []write
	for data, offset := w.data, w.offset; len(data) > 0; {
		n := min(len(data), sector-int(offset%sector))
		parts = append(parts, write{offset, data[:n]})
		data, offset = data[n:], offset+int64(n)
	}
	return parts
}

func newDisk() *disk { return &disk{files: map[string]*content{}} }

// after returns the disk when power is back: each sector in the cache was
// written with a probability that is drawn once for all.
func (d *disk) after(random *rand.Rand) *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	chance := []float64{0, 0.5, 0.9, 1}[random.IntN(4)]
	next := newDisk()
	for name, c := range d.files {
		survived := append([]byte(nil), c.synced...)
		for _, w := range c.cached {
			for _, part := range w.sectors() {
				if random.Float64() < chance {
					survived = part.apply(survived)
				}
			}
		}
		next.files[name] = &content{seen: survived, synced: append([]byte(nil), survived...)}
	}
	return next
}

// start turns power on for a number of writes.
func (d *disk) start(writes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.power, d.failed = writes, false
}

// spend uses power for a write.
func (d *disk) spend() error {
	if d.power--; d.power < 0 {
		d.failed = true
	}
	return d.alive()
}

func (d *disk) alive() error {
	if d.failed {
		return sqlite3.IOERR
	}
	return nil
}

// Open implements [vfs.VFS].
func (d *disk) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	if name == "" || flags&vfs.OPEN_DELETEONCLOSE != 0 {
		return &vfsutil.SliceFile{}, flags | vfs.OPEN_MEMORY, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.files[name]
	if c == nil {
		if flags&vfs.OPEN_CREATE == 0 {
			return nil, flags, sqlite3.CANTOPEN
		}
		c = &content{}
		d.files[name] = c
	}
	return &file{d, c}, flags, d.alive()
}

// Delete implements [vfs.VFS].
func (d *disk) Delete(name string, _ bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.spend(); err != nil {
		return err
	}
	if d.files[name] == nil {
		return sqlite3.IOERR_DELETE_NOENT
	}
	delete(d.files, name)
	return nil
}

// Access implements [vfs.VFS].
func (d *disk) Access(name string, _ vfs.AccessFlag) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.files[name] != nil, d.alive()
}

// FullPathname implements [vfs.VFS].
func (d *disk) FullPathname(name string) (string, error) { return name, nil }

// file is an open file of a disk. Only one connection uses it: locks are granted.
type file struct {
	disk *disk
	*content
}

func (f *file) Close() error { return nil }

func (f *file) ReadAt(b []byte, offset int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.alive(); err != nil {
		return 0, err
	}
	if offset >= int64(len(f.seen)) {
		return 0, io.EOF
	}
	n := copy(b, f.seen[offset:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, offset int64) (int, error) {
	return len(b), f.change(write{offset, append([]byte{}, b...)})
}

func (f *file) Truncate(size int64) error { return f.change(write{offset: size}) }

func (f *file) change(w write) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.spend(); err != nil {
		return err
	}
	f.seen = w.apply(f.seen)
	f.cached = append(f.cached, w)
	return nil
}

func (f *file) Sync(vfs.SyncFlag) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.spend(); err != nil {
		return err
	}
	f.synced, f.cached = append([]byte(nil), f.seen...), nil
	return nil
}

func (f *file) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.seen)), f.disk.alive()
}

func (f *file) Lock(vfs.LockLevel) error         { return nil }
func (f *file) Unlock(vfs.LockLevel) error       { return nil }
func (f *file) CheckReservedLock() (bool, error) { return false, nil }
func (f *file) SectorSize() int                  { return sector }

// DeviceCharacteristics says what SQLite assumes of every disk by default: a
// write that fails half-way leaves the bytes around it alone.
func (f *file) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_POWERSAFE_OVERWRITE
}
