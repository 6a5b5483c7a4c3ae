-- When API keys were used last.

-- +goose Up
CREATE TABLE api_key_uses (
    merchant         TEXT COLLATE "C" NOT NULL,
    fingerprint      TEXT COLLATE "C" NOT NULL, -- the beginning of the key's hash
    used_at          BIGINT  NOT NULL,
    PRIMARY KEY (merchant, fingerprint)
);

-- +goose Down
DROP TABLE api_key_uses;
