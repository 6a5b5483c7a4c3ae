// Package rules holds the repository to its own rules: which package may import
// which, how large files and interfaces may grow, where switches on ids may
// stand, and that the documents name tests that exist.
//
// What must not live here: tests of what the program does.
package rules
