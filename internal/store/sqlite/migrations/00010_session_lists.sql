-- Indexes that sort a merchant's lists of sessions, and find payments by their numbers.

-- +goose Up
DROP INDEX sessions_of_merchant;
DROP INDEX sessions_by_reference;
CREATE INDEX sessions_of_merchant ON sessions (merchant, created_at, id);
CREATE INDEX sessions_by_reference ON sessions (merchant, reference, created_at, id);
CREATE INDEX sessions_by_status ON sessions (merchant, status, created_at, id);
CREATE INDEX attempts_by_number ON attempts (out_trade_no);
CREATE INDEX attempts_by_reference ON attempts (reference) WHERE reference <> '';

-- +goose Down
DROP INDEX attempts_by_reference;
DROP INDEX attempts_by_number;
DROP INDEX sessions_by_status;
DROP INDEX sessions_by_reference;
DROP INDEX sessions_of_merchant;
CREATE INDEX sessions_of_merchant ON sessions (merchant, created_at);
CREATE INDEX sessions_by_reference ON sessions (merchant, reference);
