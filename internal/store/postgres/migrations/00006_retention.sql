-- What is kept how long: requests and statements give way to their hash, payments
-- of sessions that are gone leave a line.

-- +goose Up
ALTER TABLE sessions ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0; -- when its payer's data were to be erased
ALTER TABLE sessions ADD COLUMN erasing BIGINT NOT NULL DEFAULT 0; -- 1 while some of them are still needed
ALTER TABLE attempts ADD COLUMN hashed BIGINT NOT NULL DEFAULT 0; -- 1 once only the hash of its request is kept
ALTER TABLE evidence ADD COLUMN hashed BIGINT NOT NULL DEFAULT 0; -- 1 once only the hash of raw is kept
ALTER TABLE quarantine ADD COLUMN hashed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_unpaid_over ON sessions (expires_at, id) WHERE due_at = 0 AND winner IS NULL;
CREATE INDEX sessions_paid_over ON sessions (expires_at, id) WHERE due_at = 0 AND winner IS NOT NULL;
CREATE INDEX sessions_of_payer ON sessions (merchant, payer_id, id) WHERE payer_id <> '';
CREATE INDEX sessions_erasing ON sessions (id) WHERE erasing = 1;
CREATE INDEX attempts_whole ON attempts (created_at) WHERE hashed = 0;
CREATE INDEX evidence_whole ON evidence (received_at) WHERE hashed = 0;
CREATE INDEX quarantine_whole ON quarantine (resolved_at) WHERE hashed = 0 AND status = 'resolved';

-- What is left of a payment whose session has been pruned.
CREATE TABLE past_payments (
    provider         TEXT COLLATE "C" NOT NULL,
    account          TEXT COLLATE "C" NOT NULL,
    out_trade_no     TEXT COLLATE "C" NOT NULL,
    session_id       TEXT COLLATE "C" NOT NULL,
    merchant         TEXT COLLATE "C" NOT NULL,
    merchant_reference TEXT COLLATE "C" NOT NULL,
    amount_value     BIGINT NOT NULL, -- minor units
    amount_currency  TEXT COLLATE "C" NOT NULL,
    reference        TEXT COLLATE "C" NOT NULL, -- the provider's, '' if it was not paid
    paid_at          BIGINT NOT NULL, -- 0 if it was not paid
    returned_total   BIGINT NOT NULL, -- minor units that went back
    pruned_at        BIGINT NOT NULL,
    PRIMARY KEY (provider, account, out_trade_no)
);
CREATE INDEX past_payments_paid ON past_payments (provider, account, paid_at) WHERE paid_at > 0;

-- Work that one server does at a time.
CREATE TABLE jobs (
    name             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder           TEXT COLLATE "C" NOT NULL,
    claimed_until    BIGINT NOT NULL
);

-- Whose payers' data were erased, by whom and why. It is kept.
CREATE TABLE erasures (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant         TEXT COLLATE "C" NOT NULL,
    payer_hash       TEXT COLLATE "C" NOT NULL, -- SHA-256 of the merchant's id of the payer
    author           TEXT COLLATE "C" NOT NULL,
    note             TEXT COLLATE "C" NOT NULL,
    at               BIGINT NOT NULL,
    sessions         BIGINT NOT NULL, -- that were erased, or are to be
    waiting          BIGINT NOT NULL  -- of them when it was asked for: still in use
);
CREATE INDEX erasures_at ON erasures (at, id);

-- +goose Down
DROP TABLE erasures;
DROP TABLE jobs;
DROP TABLE past_payments;
DROP INDEX quarantine_whole;
DROP INDEX evidence_whole;
DROP INDEX attempts_whole;
DROP INDEX sessions_erasing;
DROP INDEX sessions_of_payer;
DROP INDEX sessions_paid_over;
DROP INDEX sessions_unpaid_over;
ALTER TABLE quarantine DROP COLUMN hashed;
ALTER TABLE evidence DROP COLUMN hashed;
ALTER TABLE attempts DROP COLUMN hashed;
ALTER TABLE sessions DROP COLUMN erasing;
ALTER TABLE sessions DROP COLUMN erased_at;
