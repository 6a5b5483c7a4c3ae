-- Where payers are lost: what the page of a session showed at first, what held it, and
-- whether a wallet brought its payer back.

-- +goose Up
CREATE TABLE visits (
    session_id       TEXT    NOT NULL PRIMARY KEY, -- no reference: that would lock the sessions of a whole batch
    form             TEXT    NOT NULL, -- desktop or mobile
    container        TEXT    NOT NULL, -- what held the page, such as browser or wechat
    shown            TEXT    NOT NULL, -- method:rail of each row that could be chosen, by spaces
    hidden           TEXT    NOT NULL, -- method:reason of the others
    at               INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX visits_by_time ON visits (at, session_id);
ALTER TABLE attempts ADD COLUMN container TEXT NOT NULL DEFAULT ''; -- what held the page in which it was chosen
ALTER TABLE attempts ADD COLUMN back_at INTEGER NOT NULL DEFAULT 0; -- 0 if no wallet brought its payer back

-- +goose Down
ALTER TABLE attempts DROP COLUMN back_at;
ALTER TABLE attempts DROP COLUMN container;
DROP TABLE visits;
