-- Times are Unix milliseconds in UTC, 0 for none. JSON is text.

-- +goose Up
CREATE TABLE sessions (
    id               TEXT    NOT NULL PRIMARY KEY,
    merchant         TEXT    NOT NULL,
    token_hash       TEXT    NOT NULL UNIQUE,
    reference        TEXT    NOT NULL,
    amount_value     INTEGER NOT NULL, -- minor units
    amount_currency  TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    items            TEXT    NOT NULL, -- JSON
    payer_id         TEXT    NOT NULL,
    region           TEXT    NOT NULL,
    return_url       TEXT    NOT NULL,
    locale           TEXT    NOT NULL,
    document_version INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    status           TEXT    NOT NULL,
    winner           TEXT,             -- id of the attempt that paid it
    last_event       INTEGER NOT NULL,
    due_at           INTEGER NOT NULL, -- when somebody must look at it
    claimed_until    INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_due ON sessions (due_at) WHERE due_at > 0;

CREATE TABLE attempts (
    session_id       TEXT    NOT NULL REFERENCES sessions (id),
    ordinal          INTEGER NOT NULL, -- 0, 1, 2, … within the session
    id               TEXT    NOT NULL,
    method           TEXT    NOT NULL,
    rail             TEXT    NOT NULL,
    provider         TEXT    NOT NULL,
    account          TEXT    NOT NULL,
    app              TEXT    NOT NULL,
    out_trade_no     TEXT    NOT NULL,
    amount_value     INTEGER NOT NULL,
    amount_currency  TEXT    NOT NULL,
    request          BLOB    NOT NULL,
    expires_at       INTEGER NOT NULL,
    state            TEXT    NOT NULL,
    action           TEXT    NOT NULL, -- JSON
    reference        TEXT    NOT NULL,
    abandoned        INTEGER NOT NULL, -- 0 or 1
    created_at       INTEGER NOT NULL,
    sent_at          INTEGER NOT NULL,
    paid_at          INTEGER NOT NULL,
    checks           INTEGER NOT NULL,
    check_at         INTEGER NOT NULL,
    PRIMARY KEY (session_id, ordinal),
    UNIQUE (provider, account, out_trade_no)
) STRICT;
CREATE INDEX attempts_paid ON attempts (provider, account, paid_at) WHERE paid_at > 0;

CREATE TABLE refunds (
    session_id       TEXT    NOT NULL REFERENCES sessions (id),
    ordinal          INTEGER NOT NULL,
    id               TEXT    NOT NULL,
    attempt_id       TEXT    NOT NULL,
    number           TEXT    NOT NULL,
    amount_value     INTEGER NOT NULL,
    amount_currency  TEXT    NOT NULL,
    reason           TEXT    NOT NULL,
    note             TEXT    NOT NULL,
    status           TEXT    NOT NULL,
    reference        TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    tries            INTEGER NOT NULL,
    check_at         INTEGER NOT NULL,
    PRIMARY KEY (session_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    session_id       TEXT    NOT NULL REFERENCES sessions (id),
    number           INTEGER NOT NULL, -- 1, 2, 3, … within the session
    type             TEXT    NOT NULL,
    session_status   TEXT    NOT NULL,
    attempt_id       TEXT    NOT NULL,
    refund_id        TEXT    NOT NULL,
    at               INTEGER NOT NULL,
    PRIMARY KEY (session_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence (
    provider         TEXT    NOT NULL,
    account          TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    source           TEXT    NOT NULL,
    app              TEXT    NOT NULL,
    out_trade_no     TEXT    NOT NULL,
    outcome          TEXT    NOT NULL,
    amount_value     INTEGER NOT NULL,
    amount_currency  TEXT    NOT NULL,
    reference        TEXT    NOT NULL,
    paid_at          INTEGER NOT NULL,
    received_at      INTEGER NOT NULL,
    raw              BLOB    NOT NULL,
    session_id       TEXT    NOT NULL REFERENCES sessions (id),
    PRIMARY KEY (provider, account, id)
) STRICT;

CREATE TABLE quarantine (
    provider         TEXT    NOT NULL,
    account          TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    source           TEXT    NOT NULL,
    app              TEXT    NOT NULL,
    out_trade_no     TEXT    NOT NULL,
    outcome          TEXT    NOT NULL,
    amount_value     INTEGER NOT NULL,
    amount_currency  TEXT    NOT NULL,
    reference        TEXT    NOT NULL,
    paid_at          INTEGER NOT NULL,
    received_at      INTEGER NOT NULL,
    raw              BLOB    NOT NULL,
    reason           TEXT    NOT NULL,
    at               INTEGER NOT NULL,
    PRIMARY KEY (provider, account, id)
) STRICT;
CREATE INDEX quarantine_at ON quarantine (at);

-- The outbox: one message for each event that merchants hear of, written in the
-- transaction of the event; then one delivery for each endpoint of the merchant.
CREATE TABLE messages (
    position         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    tx               INTEGER NOT NULL, -- number of the transaction; always 0 with one writer
    id               TEXT    NOT NULL UNIQUE,
    merchant         TEXT    NOT NULL,
    session_id       TEXT    NOT NULL,
    number           INTEGER NOT NULL,
    type             TEXT    NOT NULL,
    at               INTEGER NOT NULL,
    payload          BLOB    NOT NULL,
    assigned         INTEGER NOT NULL DEFAULT 0, -- 1 once it has its deliveries
    FOREIGN KEY (session_id, number) REFERENCES events (session_id, number)
) STRICT;
CREATE INDEX messages_of_merchant ON messages (merchant, tx, position);
CREATE INDEX messages_unassigned ON messages (position) WHERE assigned = 0;

CREATE TABLE endpoints (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    merchant         TEXT    NOT NULL,
    url              TEXT    NOT NULL,
    next_at          INTEGER NOT NULL,           -- of the next try
    claimed_until    INTEGER NOT NULL DEFAULT 0,
    disabled_at      INTEGER NOT NULL DEFAULT 0,
    reason           TEXT    NOT NULL DEFAULT '', -- why it is disabled
    UNIQUE (merchant, url)
) STRICT;
CREATE INDEX endpoints_due ON endpoints (next_at) WHERE next_at > 0 AND disabled_at = 0;

CREATE TABLE deliveries (
    endpoint         INTEGER NOT NULL REFERENCES endpoints (id),
    position         INTEGER NOT NULL REFERENCES messages (position),
    state            TEXT    NOT NULL DEFAULT 'pending', -- pending, delivered or failed
    tries            INTEGER NOT NULL DEFAULT 0,
    status           INTEGER NOT NULL DEFAULT 0,         -- HTTP status of the newest answer
    error            TEXT    NOT NULL DEFAULT '',
    tried_at         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (endpoint, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_pending ON deliveries (endpoint, position) WHERE state = 'pending';
CREATE INDEX deliveries_of_message ON deliveries (position);

CREATE TABLE replies (
    scope            TEXT    NOT NULL, -- merchant and route
    name             TEXT    NOT NULL, -- the merchant's Idempotency-Key
    body_hash        TEXT    NOT NULL,
    holder           TEXT    NOT NULL,
    lease_ends       INTEGER NOT NULL,
    kept_until       INTEGER NOT NULL,
    status           INTEGER NOT NULL, -- HTTP status; 0 while the request runs
    content_type     TEXT    NOT NULL,
    body             BLOB    NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT;
CREATE INDEX replies_kept_until ON replies (kept_until);

CREATE TABLE documents (
    position         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    merchant         TEXT    NOT NULL,
    version          INTEGER NOT NULL, -- 1, 2, 3, … of the merchant
    etag             TEXT    NOT NULL,
    author           TEXT    NOT NULL,
    at               INTEGER NOT NULL,
    json             BLOB    NOT NULL,
    UNIQUE (merchant, version)
) STRICT;

-- +goose Down
DROP TABLE documents;
DROP TABLE replies;
DROP TABLE deliveries;
DROP TABLE endpoints;
DROP TABLE messages;
DROP TABLE quarantine;
DROP TABLE evidence;
DROP TABLE events;
DROP TABLE refunds;
DROP TABLE attempts;
DROP TABLE sessions;
