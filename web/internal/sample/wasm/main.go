//go:build js && wasm

// Command wasm is package sample as a program of the browser.
package main

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/web/internal/sample"
)

func main() {
	app.Route("/", func() app.Composer { return &sample.Page{} })
	app.RunWhenOnBrowser()
}
