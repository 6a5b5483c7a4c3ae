package web

import (
	"bytes"
	gz "compress/gzip"
	"io"
	"sync"

	br "github.com/andybalholm/brotli"
)

// compressor writes one coding, and can be used again.
type compressor interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// compressors holds idle compressors of each coding: making one costs more than
// a page. At any level a page is in one round trip's window, so what counts is
// the server's time: brotli's ordinary writer at level 5 takes four times as
// long as this one, for 15% less.
var compressors = map[coding]*sync.Pool{
	brotli: {New: func() any { return br.NewWriterV2(io.Discard, 4) }},
	gzip:   {New: func() any { return gz.NewWriter(io.Discard) }},
}

// Compress returns a body that is made on the spot in the coding that an
// Accept-Encoding header weighs most, and the name of that coding: "br", "gzip" or "identity".
func Compress(accept string, body []byte) (packed []byte, name string, err error) {
	c := choose(accept, onTheSpot)
	pool := compressors[c]
	if pool == nil {
		return body, string(c), nil
	}
	w := pool.Get().(compressor)
	defer pool.Put(w)
	var b bytes.Buffer
	b.Grow(len(body) / 2)
	w.Reset(&b)
	if _, err := w.Write(body); err != nil {
		return nil, "", err
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), string(c), nil
}

// Stream writes a body in parts, each of which can be sent at once.
type Stream interface {
	io.Writer
	Flush() error
	Close() error // gives the compressor back; the stream must not be used after
}

// streams holds idle compressors that can flush, which the faster one of brotli can't.
var streams = map[coding]*sync.Pool{
	brotli: {New: func() any { return br.NewWriterLevel(io.Discard, 4) }},
	gzip:   {New: func() any { return gz.NewWriter(io.Discard) }},
}

// NewStream returns a stream to w in the coding that an Accept-Encoding header weighs
// most, and the name of that coding as Compress does.
func NewStream(accept string, w io.Writer) (s Stream, name string) {
	c := choose(accept, onTheSpot)
	pool := streams[c]
	if pool == nil {
		return plain{w}, string(c)
	}
	f := pool.Get().(flusher)
	f.Reset(w)
	return pooled{f, pool}, string(c)
}

// flusher is a compressor that can write out what it has.
type flusher interface {
	compressor
	Flush() error
}

type pooled struct {
	flusher
	pool *sync.Pool
}

func (p pooled) Close() error {
	err := p.flusher.Close()
	p.Reset(io.Discard)
	p.pool.Put(p.flusher)
	return err
}

// plain is a stream in no coding.
type plain struct{ io.Writer }

func (plain) Flush() error { return nil }
func (plain) Close() error { return nil }

// onTheSpot lists the codings of bodies that are made per request.
var onTheSpot = map[coding][]byte{brotli: nil, gzip: nil}
