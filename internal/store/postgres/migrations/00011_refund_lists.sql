-- Lists of a merchant's refunds, and the merchant's own name for each.

-- +goose Up
ALTER TABLE refunds ADD COLUMN merchant TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN merchant_reference TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE refunds SET merchant = (SELECT merchant FROM sessions WHERE sessions.id = refunds.session_id);
CREATE INDEX refunds_of_merchant ON refunds (merchant, created_at, id);
CREATE INDEX refunds_by_status ON refunds (merchant, status, created_at, id);
CREATE INDEX refunds_by_reference ON refunds (merchant, merchant_reference, created_at, id);
CREATE INDEX refunds_by_id ON refunds (merchant, id, created_at);

-- +goose Down
DROP INDEX refunds_by_id;
DROP INDEX refunds_by_reference;
DROP INDEX refunds_by_status;
DROP INDEX refunds_of_merchant;
ALTER TABLE refunds DROP COLUMN merchant_reference;
ALTER TABLE refunds DROP COLUMN merchant;
