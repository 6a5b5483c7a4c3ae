-- Fingerprints of the secrets that the servers on this database have.

-- +goose Up
CREATE TABLE fingerprints (
    fingerprint      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    added_at         BIGINT  NOT NULL,
    used_at          BIGINT  NOT NULL -- when a server last started with it
);
CREATE INDEX fingerprints_added ON fingerprints (added_at, fingerprint);

-- +goose Down
DROP TABLE fingerprints;
