-- Links by which friends of a payer pay.

-- +goose Up
CREATE TABLE invitations (
    session_id       TEXT COLLATE "C" NOT NULL REFERENCES sessions (id),
    ordinal          BIGINT NOT NULL, -- 0, 1, 2, … within the session
    id               TEXT COLLATE "C" NOT NULL,
    token_hash       TEXT COLLATE "C" NOT NULL UNIQUE,
    seed             TEXT COLLATE "C" NOT NULL, -- of the token, which follows from it and the payer's own
    name             TEXT COLLATE "C" NOT NULL, -- of who asks, as they typed it
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    revoked_at       BIGINT NOT NULL, -- 0 if it was not taken back
    PRIMARY KEY (session_id, ordinal)
);
ALTER TABLE sessions ADD COLUMN invitations BIGINT NOT NULL DEFAULT 0; -- how many there are
ALTER TABLE attempts ADD COLUMN invitation TEXT COLLATE "C" NOT NULL DEFAULT ''; -- id of that by which its payer came

-- +goose Down
ALTER TABLE attempts DROP COLUMN invitation;
ALTER TABLE sessions DROP COLUMN invitations;
DROP TABLE invitations;
