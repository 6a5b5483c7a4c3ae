// Package checkout is the service: it opens sessions, makes attempts, applies
// what providers say, and looks after everything that is due. It decides about
// money and knows nothing else.
//
// What must not live here: HTTP, SQL, what a payer sees (package page), and any
// provider's words.
//
// What a provider says changes money state in one place, [Recorder], through
// [Store.Update] and the pure transitions of package pay.
package checkout
