// Package page makes the payer's page. [Read] takes from a request what the page
// depends on, [Make] says what a session's ledger shows to that request, and
// [HTML] writes it down. All are functions of their arguments, so a page is made
// and tested without a server.
//
// What must not live here: HTTP (the caller reads requests, sets headers and
// writes), stores, secrets, and decisions about money or methods.
package page
