// Package client is the merchant's API for servers written in Go: types that are held to
// its description, calls that are sent again with the same idempotency key where that can
// help, errors with their codes, and the check of webhooks.
//
// It stands below web, which holds all that leaves this repository for other people's
// programs, because they can't import what is internal. The module has no address of its own: a program that uses the package names
// its copy, with "replace morepay => ../morepay" in go.mod, or copies the folder, which
// stands on nothing of this module.
//
// What must not live here: imports of this module, what only a browser asks, and the
// admin API.
package client
