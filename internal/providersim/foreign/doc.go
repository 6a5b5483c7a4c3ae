// Package foreign lets a client that nobody here wrote or uses, go-pay/gopay, drive
// the simulator: what the client can't use, or takes for a forgery, is wrong in the
// simulator. It is a module of its own, so that the client stays out of ours. The two
// clients that our adapters stand on are judges in package providersim's own tests.
//
// What must not live here: tests of the adapters.
package foreign
