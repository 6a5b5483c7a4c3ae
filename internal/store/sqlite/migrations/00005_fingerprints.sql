-- Fingerprints of the secrets that the servers on this database have.

-- +goose Up
CREATE TABLE fingerprints (
    fingerprint      TEXT    NOT NULL PRIMARY KEY,
    added_at         INTEGER NOT NULL,
    used_at          INTEGER NOT NULL -- when a server last started with it
) STRICT;
CREATE INDEX fingerprints_added ON fingerprints (added_at, fingerprint);

-- +goose Down
DROP TABLE fingerprints;
