-- 0001_reconciliation
-- Why:  what was compared with whom, and what became of every difference.
-- Cost: new tables.
CREATE TABLE reconciliation_runs (
  id               {ID}    NOT NULL PRIMARY KEY,
  tenant_id        BIGINT  NOT NULL,
  partner          TEXT    NOT NULL,
  from_us          BIGINT  NOT NULL,
  to_us            BIGINT  NOT NULL,
  status           TEXT    NOT NULL CHECK (status = 'queued' OR status = 'running' OR status = 'completed' OR status = 'failed'),
  attempt          BIGINT  NOT NULL,  -- how often it was begun; items carry the one that saw them last
  our_name         TEXT    NOT NULL,
  their_name       TEXT    NOT NULL,
  counts           TEXT,              -- JSON, of the latest comparison that came to its end
  mismatches       BIGINT  NOT NULL,
  items_truncated  BIGINT  NOT NULL CHECK (items_truncated IN (0, 1)),
  error_code       TEXT,
  error_detail     TEXT,
  report_file      TEXT,
  requested_by     TEXT    NOT NULL,
  created_at_us    BIGINT  NOT NULL,
  started_at_us    BIGINT,
  finished_at_us   BIGINT,
  CHECK (from_us < to_us)
);
CREATE UNIQUE INDEX reconciliation_runs_by_period ON reconciliation_runs (tenant_id, partner, from_us, to_us);
CREATE INDEX reconciliation_runs_by_tenant ON reconciliation_runs (tenant_id, id);
CREATE INDEX reconciliation_runs_unfinished ON reconciliation_runs (id) WHERE status IN ('queued', 'running');
{TENANT reconciliation_runs BY tenant_id}

-- One row for a difference, however often its period is reconciled.
CREATE TABLE reconciliation_items (
  id              {ID}    NOT NULL PRIMARY KEY,
  tenant_id       BIGINT  NOT NULL,
  run_id          BIGINT  NOT NULL REFERENCES reconciliation_runs (id),
  fingerprint     TEXT    NOT NULL,  -- of kind and transaction: what makes it the same difference again
  seen_attempt    BIGINT  NOT NULL,
  kind            TEXT    NOT NULL,
  status          TEXT    NOT NULL CHECK (status = 'open' OR status = 'explained' OR status = 'proposed' OR status = 'resolved' OR status = 'cleared'),
  transaction_id  TEXT    NOT NULL,
  ours            TEXT,              -- the entries as JSON
  theirs          TEXT,
  note            TEXT,
  explained_by    TEXT,
  proposal        TEXT,              -- postings as JSON
  proposed_by     TEXT,
  decided_by      TEXT,
  transfer_id     BIGINT,
  created_at_us   BIGINT  NOT NULL,
  updated_at_us   BIGINT  NOT NULL,
  row_seal        {BYTES}  -- over the other columns, by a key from secret.key; NULL: written without a key
);
CREATE UNIQUE INDEX reconciliation_items_by_fingerprint ON reconciliation_items (run_id, fingerprint);
CREATE INDEX reconciliation_items_of_run ON reconciliation_items (run_id, id);
{TENANT reconciliation_items BY tenant_id}
