//go:build js && wasm

// Package os stands in for os in the browser's bundle: there are no files and no
// environment, and what is printed goes to the console.
//
//standin:for fmt github.com/maxence-charriere/go-app/v10/pkg/app
package os

import (
	"errors"
	"io"
)

// File is one of the three below.
type File struct{}

// The standard files: Stdin is empty, the others are the console.
var Stdin, Stdout, Stderr = &File{}, &File{}, &File{}

func (*File) Read([]byte) (int, error) { return 0, io.EOF }

func (*File) Write(b []byte) (int, error) {
	print(string(b)) // the runtime's way to the console
	return len(b), nil
}

func Getenv(string) string        { return "" }
func Setenv(string, string) error { return errors.ErrUnsupported }
