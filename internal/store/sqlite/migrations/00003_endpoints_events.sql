-- Events with a number for each merchant, endpoints with their history, deliveries
-- in the order of their session.

-- +goose Up
DROP INDEX messages_of_merchant;
DROP INDEX messages_unassigned;
ALTER TABLE messages ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0; -- 1, 2, 3, … of the merchant; 0 until it is assigned
UPDATE messages SET sequence = o.n FROM (
  SELECT position, ROW_NUMBER() OVER (PARTITION BY merchant ORDER BY tx, position) AS n FROM messages WHERE assigned = 1
) AS o WHERE o.position = messages.position;
ALTER TABLE messages DROP COLUMN tx;
ALTER TABLE messages DROP COLUMN assigned;
CREATE UNIQUE INDEX messages_of_merchant ON messages (merchant, sequence) WHERE sequence > 0;
CREATE INDEX messages_unassigned ON messages (position) WHERE sequence = 0;

-- The last number that a merchant's messages have got.
CREATE TABLE sequences (
    merchant         TEXT    NOT NULL PRIMARY KEY,
    last             INTEGER NOT NULL
) STRICT;
INSERT INTO sequences (merchant, last) SELECT merchant, MAX(sequence) FROM messages WHERE sequence > 0 GROUP BY merchant;

CREATE TABLE endpoints_new (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    merchant         TEXT    NOT NULL,
    name             TEXT    NOT NULL, -- how people name it
    url              TEXT    NOT NULL,
    secrets          BLOB    NOT NULL, -- sealed; empty if an earlier program left it
    next_at          INTEGER NOT NULL, -- of the next try, 0 for none
    claimed_until    INTEGER NOT NULL,
    holder           TEXT    NOT NULL, -- of the claim
    failing          INTEGER NOT NULL, -- sessions in a row whose tries failed
    failing_since    INTEGER NOT NULL,
    disabled_at      INTEGER NOT NULL,
    reason           TEXT    NOT NULL, -- why it is disabled
    removed_at       INTEGER NOT NULL,
    UNIQUE (merchant, name)
) STRICT;
INSERT INTO endpoints_new (id, merchant, name, url, secrets, next_at, claimed_until, holder, failing, failing_since, disabled_at, reason, removed_at)
SELECT id, merchant, 'legacy-' || id, url, x'', next_at, 0, '', 0, 0, disabled_at, reason, 0 FROM endpoints;
CREATE TABLE deliveries_new (
    endpoint         INTEGER NOT NULL REFERENCES endpoints_new (id),
    position         INTEGER NOT NULL REFERENCES messages (position),
    session_id       TEXT    NOT NULL, -- of the message: one of a session waits for those before it
    state            TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'skipped')),
    tries            INTEGER NOT NULL, -- by the schedule
    status           INTEGER NOT NULL, -- HTTP status of the newest answer
    error            TEXT    NOT NULL,
    tried_at         INTEGER NOT NULL,
    due_at           INTEGER NOT NULL, -- when it may be tried next
    planned_at       INTEGER NOT NULL, -- when the schedule has it tried next
    PRIMARY KEY (endpoint, position)
) STRICT, WITHOUT ROWID;
INSERT INTO deliveries_new SELECT d.endpoint, d.position, m.session_id, d.state, d.tries, d.status, d.error, d.tried_at, 1, 0
FROM deliveries d JOIN messages m ON m.position = d.position;
DROP TABLE deliveries;
DROP TABLE endpoints;
ALTER TABLE endpoints_new RENAME TO endpoints;
ALTER TABLE deliveries_new RENAME TO deliveries;
CREATE INDEX endpoints_due ON endpoints (next_at) WHERE next_at > 0 AND disabled_at = 0;
CREATE INDEX deliveries_due ON deliveries (endpoint, due_at, position) WHERE state = 'pending';
CREATE INDEX deliveries_line ON deliveries (endpoint, session_id, position) WHERE state = 'pending';
CREATE INDEX deliveries_given_up ON deliveries (state) WHERE state = 'failed' OR state = 'skipped';
CREATE INDEX deliveries_of_message ON deliveries (position);

-- The lists of endpoints that a merchant had.
CREATE TABLE endpoint_versions (
    merchant         TEXT    NOT NULL,
    version          INTEGER NOT NULL, -- 1, 2, 3, … of the merchant
    hash             TEXT    NOT NULL, -- of the list in a file that it came from, or ''
    author           TEXT    NOT NULL,
    change           TEXT    NOT NULL,
    at               INTEGER NOT NULL,
    endpoints        TEXT    NOT NULL, -- JSON: ids and URLs
    PRIMARY KEY (merchant, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoint_versions_hash ON endpoint_versions (merchant, hash);

-- +goose Down
DROP TABLE endpoint_versions;

CREATE TABLE endpoints_old (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    merchant         TEXT    NOT NULL,
    url              TEXT    NOT NULL,
    next_at          INTEGER NOT NULL,
    claimed_until    INTEGER NOT NULL DEFAULT 0,
    disabled_at      INTEGER NOT NULL DEFAULT 0,
    reason           TEXT    NOT NULL DEFAULT '',
    UNIQUE (merchant, url)
) STRICT;
INSERT INTO endpoints_old (id, merchant, url, next_at, disabled_at, reason)
SELECT id, merchant, url, next_at, disabled_at, reason FROM endpoints WHERE id IN (SELECT MIN(id) FROM endpoints GROUP BY merchant, url);
CREATE TABLE deliveries_old (
    endpoint         INTEGER NOT NULL REFERENCES endpoints_old (id),
    position         INTEGER NOT NULL REFERENCES messages (position),
    state            TEXT    NOT NULL DEFAULT 'pending',
    tries            INTEGER NOT NULL DEFAULT 0,
    status           INTEGER NOT NULL DEFAULT 0,
    error            TEXT    NOT NULL DEFAULT '',
    tried_at         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (endpoint, position)
) STRICT, WITHOUT ROWID;
INSERT INTO deliveries_old SELECT d.endpoint, d.position, CASE d.state WHEN 'skipped' THEN 'failed' ELSE d.state END, d.tries, d.status, d.error, d.tried_at
FROM deliveries d JOIN endpoints_old e ON e.id = d.endpoint;
DROP TABLE deliveries;
DROP TABLE endpoints;
ALTER TABLE endpoints_old RENAME TO endpoints;
ALTER TABLE deliveries_old RENAME TO deliveries;
CREATE INDEX endpoints_due ON endpoints (next_at) WHERE next_at > 0 AND disabled_at = 0;
CREATE INDEX deliveries_pending ON deliveries (endpoint, position) WHERE state = 'pending';
CREATE INDEX deliveries_of_message ON deliveries (position);

DROP TABLE sequences;
DROP INDEX messages_of_merchant;
DROP INDEX messages_unassigned;
ALTER TABLE messages ADD COLUMN tx INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN assigned INTEGER NOT NULL DEFAULT 0;
UPDATE messages SET tx = sequence, assigned = CASE WHEN sequence > 0 THEN 1 ELSE 0 END;
ALTER TABLE messages DROP COLUMN sequence;
CREATE INDEX messages_of_merchant ON messages (merchant, tx, position);
CREATE INDEX messages_unassigned ON messages (position) WHERE assigned = 0;
