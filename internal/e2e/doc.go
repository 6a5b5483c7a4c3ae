// Package e2e tries the whole product: the demo in a real browser, the weight of
// its page, and two servers on one PostgreSQL.
//
// What must not live here: what can be shown without a browser or a second
// process. Tests of routes are in package httpd.
package e2e
