// Package foreign lets clients that nobody here wrote drive the simulator in every mode
// that a merchant may be in: what a client can't use, or takes for a forgery, is wrong in
// the simulator. UnionPay has none for Go that could be required: its client is ours,
// written from the documents alone. This is a module of its own, so that a client that is
// for these tests only stays out of ours. Single rules are the business of package
// providersim's own tests, where the two SDKs that our adapters stand on are judges too.
//
// What must not live here: tests of the adapters.
package foreign
