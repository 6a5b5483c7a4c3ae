// Package demo holds the pages of the demo storefront, whose only script is the
// loader that every merchant uses, and what the demo adds to the payer's page.
package demo

import "embed"

// Tell is the script that tells the demo's server what a payer's page does.
//
//go:embed tell.js
var Tell []byte

// Files are the templates and the style sheet.
//
//go:embed *.html *.css
var Files embed.FS
