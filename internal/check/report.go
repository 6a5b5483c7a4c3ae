// Package check tells what would go wrong with a server although it starts: what
// providers answer to its accounts, whether clocks agree, and what a proxy in front
// makes of its answers.
//
// What must not live here: what a start refuses. Who reads a file or a flag says what
// is wrong with it.
package check

import "errors"

// Report is what a check has found.
type Report struct {
	Errors   []error  // with these no server starts, or payers can't pay
	Warnings []string // a server starts, but some of it can't take money or lies open
	Notes    []string // what was found to be in order
}

// Err returns the errors as one; nil if there are none.
func (r *Report) Err() error { return errors.Join(r.Errors...) }

// Add takes up what another check has found.
func (r *Report) Add(other Report) {
	r.Errors = append(r.Errors, other.Errors...)
	r.Warnings = append(r.Warnings, other.Warnings...)
	r.Notes = append(r.Notes, other.Notes...)
}
