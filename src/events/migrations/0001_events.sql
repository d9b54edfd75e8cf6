-- 0001_events
-- Why:  what happened, in the commit in which it happened: outbox and audit trail in one.
-- Cost: a new table, 21 bytes of each row for its link; both its trees only grow at their ends (one end for each tenant).
CREATE TABLE events (
  id             {ID}    NOT NULL PRIMARY KEY,
  tenant_id      BIGINT  NOT NULL,
  type           TEXT    NOT NULL,
  subject        TEXT    NOT NULL,
  payload        TEXT    NOT NULL,  -- the exact text that is signed and sent
  actor          TEXT    NOT NULL,
  request_id     TEXT,
  created_at_us  BIGINT  NOT NULL,
  link           {BYTES}   -- a seal over this event and the one before; NULL: written without a key
);
CREATE INDEX events_by_tenant ON events (tenant_id, id);
{TENANT events BY tenant_id}
