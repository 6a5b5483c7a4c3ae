// Package pay holds the words of the business as types, and the rules for how
// money state may change as pure functions over them.
//
// A merchant opens a [Session]; a payer makes one or more [Attempt]s to pay it;
// a provider's [Evidence] decides what became of each. A [Ledger] is a session
// with its attempts and refunds: the unit that is loaded, changed and stored as
// one. Only Ledger's methods change a status. Each noun has its file, with the
// methods of Ledger that concern it; status.go holds the state machines, and
// schedule.go says when to ask a provider next.
//
// The package is compiled into the browser's bundle too. What must not live
// here: HTTP, SQL, clocks, randomness, provider words, texts shown to people.
package pay
