// Package sqlstore is what the two databases share: the statements, and the
// mapping between rows and structs. SQLite and PostgreSQL differ in a [Dialect]
// of a few words and in an [Engine] that runs transactions.
//
// A [DB] implements the stores that other packages declare where they use them:
// ledgers (checkout), stored replies (idempotency), documents (merchant) and the
// outbox (webhook).
//
// Times are stored as Unix milliseconds in UTC, 0 for the zero time. Values
// without an identity of their own (items, actions) are stored as JSON.
//
// What must not live here: drivers, connections, migrations, and any decision
// about money.
package sqlstore
