// Package sqlstore is what the two databases share: the statements, and the
// mapping between rows and structs. SQLite and PostgreSQL differ in a [Dialect]
// of a few words and in an [Engine] that runs transactions.
//
// A [DB] implements the stores that other packages declare where they use them:
// ledgers (checkout), stored replies (idempotency), documents (merchant), the
// outbox (webhook) and what came of reconciliation (reconcile).
//
// Times are stored as Unix milliseconds in UTC, 0 for the zero time. Values
// without an identity of their own (items, actions) are stored as JSON.
//
// A statement stands beside the method that runs it, its parameters written ?.
//
// What must not live here: drivers, connections, migrations, any decision about
// money, and what a message to a merchant says.
package sqlstore
