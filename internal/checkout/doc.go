// Package checkout is the service: it opens sessions, makes attempts, applies
// what providers say, and looks after everything that is due. It decides; it
// knows neither HTTP nor SQL nor any provider's words.
//
// What a provider says changes money state in one place, [Recorder], through
// [Store.Update] and the pure transitions of package pay.
package checkout
