-- Links by which friends of a payer pay.

-- +goose Up
CREATE TABLE invitations (
    session_id       TEXT    NOT NULL REFERENCES sessions (id),
    ordinal          INTEGER NOT NULL, -- 0, 1, 2, … within the session
    id               TEXT    NOT NULL,
    token_hash       TEXT    NOT NULL UNIQUE,
    seed             TEXT    NOT NULL, -- of the token, which follows from it and the payer's own
    name             TEXT    NOT NULL, -- of who asks, as they typed it
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    revoked_at       INTEGER NOT NULL, -- 0 if it was not taken back
    PRIMARY KEY (session_id, ordinal)
) STRICT, WITHOUT ROWID;
ALTER TABLE sessions ADD COLUMN invitations INTEGER NOT NULL DEFAULT 0; -- how many there are
ALTER TABLE attempts ADD COLUMN invitation TEXT NOT NULL DEFAULT ''; -- id of that by which its payer came

-- +goose Down
ALTER TABLE attempts DROP COLUMN invitation;
ALTER TABLE sessions DROP COLUMN invitations;
DROP TABLE invitations;
