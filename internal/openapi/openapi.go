// Package openapi describes the API that merchants' servers use, for programs and for
// people: one document, written by hand. Tests in package httpd hold it to the routes and
// to what is really asked and answered.
//
// What must not live here: the admin API, which is on another listener and for other
// people, and anything that decides how a request is answered.
package openapi

import _ "embed"

//go:embed openapi.json
var document []byte

// Document returns the description, in OpenAPI 3.1.
func Document() []byte { return document }
