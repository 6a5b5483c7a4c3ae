-- What merchants keep with their sessions, as JSON.

-- +goose Up
ALTER TABLE sessions ADD COLUMN metadata TEXT COLLATE "C" NOT NULL DEFAULT 'null';

-- +goose Down
ALTER TABLE sessions DROP COLUMN metadata;
