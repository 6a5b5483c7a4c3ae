// Package retention says how long what is kept, and has the store let go of what
// is older: in small steps, one server at a time, and never of anything that is
// under way.
//
// What must not live here: SQL, and rules about money. Whether a ledger is settled
// is asked of package pay.
package retention
