// Package webhook tells merchants what happened: at least once, in order within
// a session, signed as Standard Webhooks says.
//
// A [Message] is written in the transaction that made its event (by the store),
// with its bytes, so that every try sends the same. The [Directory] says where a
// merchant is told, in versions that files and people make. A [Dispatcher] gives
// messages a number and to the merchant's endpoints, claims endpoints that have
// something due, and has a worker for each that delivers: many sessions at once,
// of each session the oldest message. One that fails delays only its session; an
// endpoint that fails for several sessions in a row is probed until it answers. A
// dead endpoint therefore costs one try now and then, however much waits for it,
// and can't delay another.
//
// What must not live here: SQL, routes, and who may see which message.
package webhook
