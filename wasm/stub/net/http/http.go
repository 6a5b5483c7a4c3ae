//go:build js && wasm

// Package http stands in for net/http in the browser's bundle: go-app's page
// handler and resource types compile against it and are never used there.
//
//standin:for github.com/maxence-charriere/go-app/v10/pkg/app
package http

import (
	"errors"
	"io"
	"net/url"
)

// The status codes that go-app names.
const (
	StatusOK                  = 200
	StatusNotModified         = 304
	StatusNotFound            = 404
	StatusInternalServerError = 500
)

// Header has the methods of the real one that go-app calls.
type Header map[string][]string

func (Header) Get(string) string  { panic(unused) }
func (Header) Set(string, string) { panic(unused) }

// Request has the fields of the real one that go-app reads.
type Request struct {
	URL    *url.URL
	Header Header
	Host   string
	TLS    *struct{}
}

// Response has the fields of the real one that go-app reads.
type Response struct {
	StatusCode int
	Header     Header
	Body       io.ReadCloser
}

// ResponseWriter is the real interface.
type ResponseWriter interface {
	Header() Header
	Write([]byte) (int, error)
	WriteHeader(int)
}

// Handler is the real interface.
type Handler interface {
	ServeHTTP(ResponseWriter, *Request)
}

// Dir is the real type without its method.
type Dir string

// unused is the panic of what nothing in the browser calls.
const unused = "net/http: not in this bundle"

func FileServer(Dir) Handler            { panic(unused) }
func NotFound(ResponseWriter, *Request) { panic(unused) }

// Get always fails: use the browser's fetch.
func Get(string) (*Response, error) { return nil, errors.ErrUnsupported }
