-- In how many instalments a payment was asked for; 0 for at once.

-- +goose Up
ALTER TABLE attempts ADD COLUMN instalments INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE attempts DROP COLUMN instalments;
