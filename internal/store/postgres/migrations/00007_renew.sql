-- Where a payer whose session has expired orders anew; '' for return_url.

-- +goose Up
ALTER TABLE sessions ADD COLUMN renew_url TEXT COLLATE "C" NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE sessions DROP COLUMN renew_url;
