// Package web holds what browsers are given as files: the scripts of the payer's
// page, the merchant's loader, the style sheet, and the bundle that make wasm
// puts into dist. [Assets] serves them.
//
// What must not live here: pages (package page), components (package app), and
// anything that differs from one payer to the next.
//
// # The page's contract with the scripts
//
// The page is made by the server and these scripts change nothing of what it
// says. They rely on:
//
//	<body>
//	<main id="checkout" data-state="select" data-rail="">…</main>
//	<script data-list="/pay/{token}?choose=1">{EntryScript}</script>
//	<script type="application/json" id="view">…</script>
//	<script defer src="{frame.js}" data-parent="https://shop.example" data-unseen="" data-state="" data-title=""></script>
//	<script defer src="{listen.js}" data-offline="…" data-copied="…"></script>
//	<script defer src="{boot.js}" data-exec="{wasm_exec.js}" data-wasm="{app.wasm}" data-text="{catalogue}"></script>
//
// The main element is the first element of the body, because go-app takes that
// one over. It carries data-state (package view's State) and data-rail; each
// method's form or row carries data-method, and data-reason too if the method
// is not offered. data-parent is the origin of the page around ours, checked by
// the server, or empty; data-unseen is on a page that comes with a code once it is
// seen, data-state and data-title on one whose code did not come. Leave boot.js
// out if [Assets.HasBundle] is false, and all scripts out of pages that are no
// checkout.
package web

import (
	"embed"
	"io/fs"
)

// Names of the assets.
const (
	AppWasm    = "app.wasm"     // the bundle; there after make wasm
	WasmExec   = "wasm_exec.js" // Go's runtime support; there after make wasm
	Boot       = "boot.js"      // loads the bundle and has it adopt the server's nodes
	Listen     = "listen.js"    // follows the session until the bundle does
	Share      = "share.js"     // of the page on which a friend is asked
	Post       = "post.js"      // of the page that posts the payer's browser to a provider
	Picture    = "picture.js"   // makes a picture of a code, when it is asked for
	Frame      = "frame.js"     // tells the page or app around ours what happens
	Embed      = "embed.js"     // the merchant's loader: <more-payment-methods>
	EmbedTypes = "embed.d.ts"   // its types
)

// The folder embed holds the published versions of the merchant's loader.
//
//go:embed boot.js entry.js listen.js picture.js frame.js share.js post.js embed.js embed.d.ts checkout.css embed
var sources embed.FS

//go:embed all:dist
var dist embed.FS

// built returns the folder that make wasm wrote; it may be empty.
func built() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a valid path
	}
	return sub
}
