// Package webhook tells merchants what happened: at least once, in order for
// each endpoint, signed as Standard Webhooks says.
//
// A [Message] is written in the transaction that made its event (by the store),
// with its bytes, so that every try sends the same. A [Dispatcher] then assigns
// messages to the merchant's endpoints and delivers them. One endpoint gets one
// message at a time, the oldest first; while a message is being retried the later
// ones wait. A dead endpoint therefore costs one try now and then, however much
// waits for it, and can't delay another.
//
// What must not live here: SQL, routes, and who may see which message.
package webhook
