-- 0001_relay
-- Why:  how far the event log was sent to Kafka, and the events of other systems, each once.
-- Cost: new tables.
CREATE TABLE relay_cursors (
  name      TEXT   NOT NULL PRIMARY KEY,
  event_id  BIGINT NOT NULL  -- everything up to it was acknowledged
);

CREATE TABLE inbound_events (
  id              {ID}    NOT NULL PRIMARY KEY,
  tenant_id       BIGINT  NOT NULL,
  source          TEXT    NOT NULL,
  source_event_id TEXT    NOT NULL,
  type            TEXT    NOT NULL,
  subject         TEXT    NOT NULL,
  content         {BYTES} NOT NULL,  -- a digest, to tell a repetition from another event
  occurred_at_us  BIGINT,
  channel         TEXT    NOT NULL CHECK (channel IN ('http', 'kafka')),
  event_id        BIGINT  NOT NULL,  -- in our event log, which holds the data
  received_at_us  BIGINT  NOT NULL
);
-- A source's id names one event: what comes again finds the row.
CREATE UNIQUE INDEX inbound_events_by_source
  ON inbound_events (tenant_id, source, source_event_id);
{TENANT inbound_events BY tenant_id}
