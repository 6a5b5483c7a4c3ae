// Package method is the table of payment methods: one row each, with its names,
// its provider and its ladders.
//
// What must not live here: what one merchant may do (package capability), what
// a device is (package device), drawings of icons, provider words.
package method
