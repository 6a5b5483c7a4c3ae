-- When API keys were used last.

-- +goose Up
CREATE TABLE api_key_uses (
    merchant         TEXT     NOT NULL,
    fingerprint      TEXT     NOT NULL, -- the beginning of the key's hash
    used_at          INTEGER NOT NULL,
    PRIMARY KEY (merchant, fingerprint)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE api_key_uses;
