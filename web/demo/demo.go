// Package demo holds the pages of the demo storefront. Its only script is the
// loader that every merchant uses.
package demo

import "embed"

// Files are the templates and the style sheet.
//
//go:embed *.html *.css
var Files embed.FS
