-- Indexes for foreign keys and for the lists of a merchant. For PostgreSQL also keys
-- that no update of the system's collations can disorder, room for rows that change
-- often, and checks of statuses, for which SQLite would need new tables.

-- +goose Up
CREATE INDEX evidence_of_session ON evidence (session_id);
CREATE INDEX messages_of_event ON messages (session_id, number);
CREATE INDEX sessions_of_merchant ON sessions (merchant, created_at);
CREATE INDEX sessions_by_reference ON sessions (merchant, reference);

-- +goose StatementBegin
DO $$
DECLARE changed RECORD;
BEGIN
  FOR changed IN
    SELECT table_name, string_agg(format('ALTER COLUMN %I TYPE TEXT COLLATE "C"', column_name), ', ') AS columns
    FROM information_schema.columns WHERE table_schema = current_schema() AND data_type = 'text' AND table_name IN (
      'sessions', 'attempts', 'refunds', 'events', 'evidence', 'quarantine', 'messages', 'sequences', 'endpoints',
      'endpoint_versions', 'deliveries', 'replies', 'documents', 'marks', 'reconciliations')
    GROUP BY table_name
  LOOP
    EXECUTE format('ALTER TABLE %I %s', changed.table_name, changed.columns);
  END LOOP;
END $$;
-- +goose StatementEnd

ALTER TABLE sessions SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE attempts SET (fillfactor = 80);
ALTER TABLE deliveries SET (fillfactor = 80);
ALTER TABLE endpoints SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE replies SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

ALTER TABLE sessions ADD CHECK (status IN ('open', 'paid', 'expired', 'canceled', 'paid_late'));
ALTER TABLE events ADD CHECK (session_status IN ('open', 'paid', 'expired', 'canceled', 'paid_late'));
ALTER TABLE attempts ADD CHECK (state IN ('submitting', 'awaiting', 'succeeded', 'surplus', 'closed', 'failed'));
ALTER TABLE refunds ADD CHECK (status IN ('pending', 'succeeded', 'failed'));
ALTER TABLE quarantine ADD CHECK (status IN ('open', 'refunding', 'resolved'));
ALTER TABLE reconciliations ADD CHECK (result IN ('', 'agrees', 'differs', 'no_bill', 'failed', 'not_compared'));

-- +goose Down
ALTER TABLE reconciliations DROP CONSTRAINT reconciliations_result_check;
ALTER TABLE quarantine DROP CONSTRAINT quarantine_status_check;
ALTER TABLE refunds DROP CONSTRAINT refunds_status_check;
ALTER TABLE attempts DROP CONSTRAINT attempts_state_check;
ALTER TABLE events DROP CONSTRAINT events_session_status_check;
ALTER TABLE sessions DROP CONSTRAINT sessions_status_check;
ALTER TABLE replies RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE endpoints RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE deliveries RESET (fillfactor);
ALTER TABLE attempts RESET (fillfactor);
ALTER TABLE sessions RESET (fillfactor, autovacuum_vacuum_scale_factor);
DROP INDEX sessions_by_reference;
DROP INDEX sessions_of_merchant;
DROP INDEX messages_of_event;
DROP INDEX evidence_of_session;
