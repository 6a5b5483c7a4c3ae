-- Indexes for foreign keys and for the lists of a merchant.

-- +goose Up
CREATE INDEX evidence_of_session ON evidence (session_id);
CREATE INDEX messages_of_event ON messages (session_id, number);
CREATE INDEX sessions_of_merchant ON sessions (merchant, created_at);
CREATE INDEX sessions_by_reference ON sessions (merchant, reference);

-- +goose Down
DROP INDEX sessions_by_reference;
DROP INDEX sessions_of_merchant;
DROP INDEX messages_of_event;
DROP INDEX evidence_of_session;
