//go:build js && wasm

// Command wasm is the browser's part of the checkout page: the program in
// app.wasm. Everything it does is in package app.
package main

import "morepay/app"

func main() { app.Run() }
