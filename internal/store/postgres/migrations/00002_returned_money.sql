-- Returned money, sending again, the quarantine desk, marks and reconciliation.

-- +goose Up
ALTER TABLE attempts ADD COLUMN sends BIGINT NOT NULL DEFAULT 1;
ALTER TABLE attempts ADD COLUMN send_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN returned_total BIGINT NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN returned_unknown BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE refunds RENAME COLUMN reason TO origin;
ALTER TABLE refunds ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN request TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN failure TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN arrival TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN sent_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN silent_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE evidence_new (
    provider         TEXT    NOT NULL,
    account          TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    source           TEXT    NOT NULL,
    app              TEXT    NOT NULL,
    out_trade_no     TEXT    NOT NULL,
    outcome          TEXT    NOT NULL,
    amount_value     BIGINT  NOT NULL,
    amount_currency  TEXT    NOT NULL,
    reference        TEXT    NOT NULL,
    paid_at          BIGINT  NOT NULL,
    received_at      BIGINT  NOT NULL,
    raw              BYTEA   NOT NULL,
    returned         TEXT    NOT NULL, -- JSON: what it says about money that went back
    digest           TEXT    NOT NULL, -- of all that it says: an id may be used again for another statement
    session_id       TEXT    NOT NULL REFERENCES sessions (id),
    PRIMARY KEY (provider, account, id, digest)
);
INSERT INTO evidence_new SELECT provider, account, id, source, app, out_trade_no, outcome, amount_value, amount_currency, reference, paid_at, received_at, raw, 'null', '', session_id FROM evidence;
DROP TABLE evidence;
ALTER TABLE evidence_new RENAME TO evidence;

CREATE TABLE quarantine_new (
    provider         TEXT    NOT NULL,
    account          TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    source           TEXT    NOT NULL,
    app              TEXT    NOT NULL,
    out_trade_no     TEXT    NOT NULL,
    outcome          TEXT    NOT NULL,
    amount_value     BIGINT  NOT NULL,
    amount_currency  TEXT    NOT NULL,
    reference        TEXT    NOT NULL,
    paid_at          BIGINT  NOT NULL,
    received_at      BIGINT  NOT NULL,
    raw              BYTEA   NOT NULL,
    returned         TEXT    NOT NULL, -- JSON: what it says about money that went back
    digest           TEXT    NOT NULL, -- of all that it says: an id may be used again for another statement
    entry            TEXT    NOT NULL UNIQUE, -- how people name it
    merchant         TEXT    NOT NULL, -- whose it is as far as we know, or ''
    reason           TEXT    NOT NULL,
    at               BIGINT  NOT NULL,
    status           TEXT    NOT NULL, -- open, refunding or resolved
    resolution       TEXT    NOT NULL,
    author           TEXT    NOT NULL,
    note             TEXT    NOT NULL,
    refund           TEXT    NOT NULL, -- JSON: what became of giving it back
    resolved_at      BIGINT  NOT NULL,
    PRIMARY KEY (provider, account, id, digest)
);
INSERT INTO quarantine_new SELECT provider, account, id, source, app, out_trade_no, outcome, amount_value, amount_currency, reference, paid_at, received_at, raw, 'null', '',
    'qe_' || substr(md5(provider || ' ' || account || ' ' || id), 1, 24),
    COALESCE((SELECT s.merchant FROM attempts a JOIN sessions s ON s.id = a.session_id
        WHERE a.provider = quarantine.provider AND a.account = quarantine.account AND a.out_trade_no = quarantine.out_trade_no), ''),
    reason, at, 'open', '', '', '', 'null', 0 FROM quarantine;
DROP TABLE quarantine;
ALTER TABLE quarantine_new RENAME TO quarantine;
CREATE INDEX quarantine_at ON quarantine (at, entry);
CREATE INDEX quarantine_unresolved ON quarantine (at) WHERE status <> 'resolved';
CREATE INDEX quarantine_number ON quarantine (out_trade_no);
CREATE INDEX refunds_unsettled ON refunds (session_id) WHERE status <> 'succeeded';

-- Rails that a provider refuses to an account for a named reason.
CREATE TABLE marks (
    merchant         TEXT    NOT NULL,
    provider         TEXT    NOT NULL,
    account          TEXT    NOT NULL,
    method           TEXT    NOT NULL,
    rail             TEXT    NOT NULL,
    code             TEXT    NOT NULL, -- the provider's
    at               BIGINT  NOT NULL,
    until            BIGINT  NOT NULL,
    document_version BIGINT  NOT NULL, -- in force when it was made: a new one ends it
    PRIMARY KEY (merchant, provider, account, method, rail)
);
CREATE INDEX marks_until ON marks (until);

-- The daily comparison with the providers' bills, a row an account and day.
CREATE TABLE reconciliations (
    provider         TEXT    NOT NULL,
    account          TEXT    NOT NULL,
    day              TEXT    NOT NULL, -- 2006-01-02, China's
    claimed_until    BIGINT  NOT NULL,
    tries            BIGINT  NOT NULL,
    finished_at      BIGINT  NOT NULL,
    result           TEXT    NOT NULL, -- agrees, differs, no_bill, failed or not_compared
    detail           TEXT    NOT NULL, -- JSON: totals and differences, or why there are none
    PRIMARY KEY (provider, account, day)
);
CREATE INDEX reconciliations_day ON reconciliations (day, provider, account);
CREATE INDEX attempts_created ON attempts (provider, account, created_at);

-- +goose Down
DROP INDEX attempts_created;
DROP TABLE reconciliations;
DROP TABLE marks;

CREATE TABLE quarantine_old (
    provider         TEXT    NOT NULL,
    account          TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    source           TEXT    NOT NULL,
    app              TEXT    NOT NULL,
    out_trade_no     TEXT    NOT NULL,
    outcome          TEXT    NOT NULL,
    amount_value     BIGINT  NOT NULL,
    amount_currency  TEXT    NOT NULL,
    reference        TEXT    NOT NULL,
    paid_at          BIGINT  NOT NULL,
    received_at      BIGINT  NOT NULL,
    raw              BYTEA   NOT NULL,
    reason           TEXT    NOT NULL,
    at               BIGINT  NOT NULL,
    PRIMARY KEY (provider, account, id)
);
INSERT INTO quarantine_old SELECT provider, account, id, source, app, out_trade_no, outcome, amount_value, amount_currency, reference, paid_at, received_at, raw, reason, at FROM quarantine ON CONFLICT DO NOTHING;
DROP TABLE quarantine;
ALTER TABLE quarantine_old RENAME TO quarantine;
CREATE INDEX quarantine_at ON quarantine (at);

CREATE TABLE evidence_old (
    provider         TEXT    NOT NULL,
    account          TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    source           TEXT    NOT NULL,
    app              TEXT    NOT NULL,
    out_trade_no     TEXT    NOT NULL,
    outcome          TEXT    NOT NULL,
    amount_value     BIGINT  NOT NULL,
    amount_currency  TEXT    NOT NULL,
    reference        TEXT    NOT NULL,
    paid_at          BIGINT  NOT NULL,
    received_at      BIGINT  NOT NULL,
    raw              BYTEA   NOT NULL,
    session_id       TEXT    NOT NULL REFERENCES sessions (id),
    PRIMARY KEY (provider, account, id)
);
INSERT INTO evidence_old SELECT provider, account, id, source, app, out_trade_no, outcome, amount_value, amount_currency, reference, paid_at, received_at, raw, session_id FROM evidence ON CONFLICT DO NOTHING;
DROP TABLE evidence;
ALTER TABLE evidence_old RENAME TO evidence;

DROP INDEX refunds_unsettled;
ALTER TABLE refunds DROP COLUMN silent_at;
ALTER TABLE refunds DROP COLUMN sent_at;
ALTER TABLE refunds DROP COLUMN arrival;
ALTER TABLE refunds DROP COLUMN failure;
ALTER TABLE refunds DROP COLUMN request;
ALTER TABLE refunds DROP COLUMN author;
ALTER TABLE refunds RENAME COLUMN origin TO reason;
ALTER TABLE attempts DROP COLUMN returned_unknown;
ALTER TABLE attempts DROP COLUMN returned_total;
ALTER TABLE attempts DROP COLUMN send_at;
ALTER TABLE attempts DROP COLUMN sends;
