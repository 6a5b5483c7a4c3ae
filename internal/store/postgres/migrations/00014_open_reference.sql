-- One open session a reference, for merchants that want it.

-- +goose Up
ALTER TABLE sessions ADD COLUMN open_reference TEXT COLLATE "C"; -- the reference, while no other exclusive session may have it
CREATE UNIQUE INDEX sessions_by_open_reference ON sessions (merchant, open_reference) WHERE open_reference IS NOT NULL;

-- +goose Down
DROP INDEX sessions_by_open_reference;
ALTER TABLE sessions DROP COLUMN open_reference;
