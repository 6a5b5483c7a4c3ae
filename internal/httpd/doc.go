// Package httpd speaks HTTP for the service: the payer's page and its routes,
// the merchants' API, the providers' notifications, static files. It turns
// requests into calls of package checkout and results into bytes.
//
// What must not live here: decisions about money, methods or rails, SQL, and
// providers' words.
package httpd
