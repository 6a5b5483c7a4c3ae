// Package desk is where people decide about money that the program can't decide
// about alone: evidence in quarantine, and refunds that are stuck. Whoever decides
// says who they are and why, and both are kept.
//
// What must not live here: how money state may change (package pay), the ways in
// which providers are heard (package checkout), HTTP and SQL.
package desk
