// Package httpd speaks HTTP for the service: the routes of the payer's page, the
// merchants' API, the providers' notifications, static files. It turns requests
// into calls of packages checkout and page, and results into answers.
//
// What must not live here: what a page shows (package page), decisions about
// money, methods or rails, SQL, and providers' words.
package httpd
