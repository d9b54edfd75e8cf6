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

-- The second wall: a transaction that serves one tenant has set florin.tenant and sees that tenant's rows alone;
-- background work has set it to '*'. Whoever has set nothing, psql for one, sees nothing.
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
CREATE POLICY events_of_tenant ON events
  USING (current_setting('florin.tenant', true) = '*' OR tenant_id::text = current_setting('florin.tenant', true));
