-- 0001_events
-- Why:  what happened, in the commit in which it happened: outbox and audit trail in one.
-- Cost: a new table; both its trees only grow at their ends (one end for each tenant).
CREATE TABLE events (
  id             BIGINT  NOT NULL PRIMARY KEY,
  tenant_id      BIGINT  NOT NULL,
  type           TEXT    NOT NULL,
  subject        TEXT    NOT NULL,
  payload        TEXT    NOT NULL,  -- the exact text that is signed and sent
  actor          TEXT    NOT NULL,
  request_id     TEXT,
  created_at_us  BIGINT  NOT NULL
);
CREATE INDEX events_by_tenant ON events (tenant_id, id);
