//go:build js && wasm

// Package filepath stands in for path/filepath in the browser's bundle, where
// paths are those of URLs and there is nothing to walk.
//
//standin:for github.com/maxence-charriere/go-app/v10/pkg/app github.com/maxence-charriere/go-app/v10/pkg/errors
package filepath

import "path"

func Base(name string) string { return path.Base(name) }
func Ext(name string) string  { return path.Ext(name) }
