// Package funnel counts how far payers get: they are shown a method, choose it, are
// handed off to its wallet, come back, and have paid. Counters say so of a server since
// its start, and reports of any time, from what is stored, with how sure they are.
//
// What must not live here: what a page shows (package page), and whether something was
// paid (package pay).
package funnel
