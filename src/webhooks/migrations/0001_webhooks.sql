-- 0001_webhooks
-- Why:  events reach other systems: endpoints and their secrets, one row for each delivery (the outbox), a log of
--       attempts, replays that are under way, and how far the fan-out has read the event log.
-- Cost: new tables. A delivery costs one row with three index entries, and one row for each attempt.
CREATE TABLE webhook_endpoints (
  id                     {ID}    NOT NULL PRIMARY KEY,
  tenant_id              BIGINT  NOT NULL,
  name                   TEXT,             -- of the configuration; tenants' own endpoints have none
  url                    TEXT    NOT NULL,
  description            TEXT    NOT NULL,
  is_trusted             BIGINT  NOT NULL, -- 1: of the configuration, may lead to private addresses
  status                 TEXT    NOT NULL CHECK (status = 'enabled' OR status = 'disabled' OR status = 'deleted'),
  disabled_reason        TEXT,
  event_types            TEXT    NOT NULL, -- JSON array
  filter                 TEXT    NOT NULL, -- JSON object
  order_by               TEXT,             -- "subject" or a path in the payload
  retry_delays_ms        TEXT    NOT NULL, -- JSON array
  timeout_ms             BIGINT  NOT NULL,
  rate_limit_per_second  BIGINT,
  max_concurrency        BIGINT  NOT NULL,
  certificate_pem        TEXT,
  sealed_private_key     TEXT,
  trusted_ca_pem         TEXT,
  start_after            BIGINT  NOT NULL, -- events with greater ids are for this endpoint
  failing_since_us       BIGINT,
  last_failure_at_us     BIGINT,
  last_success_at_us     BIGINT,
  created_at_us          BIGINT  NOT NULL,
  updated_at_us          BIGINT  NOT NULL,
  row_seal               {BYTES}  -- over the other columns, by a key from secret.key; NULL: written without a key
);
CREATE INDEX webhook_endpoints_by_tenant ON webhook_endpoints (tenant_id, id);
CREATE UNIQUE INDEX webhook_endpoints_by_name ON webhook_endpoints (tenant_id, name)
  WHERE name IS NOT NULL AND status <> 'deleted';
{TENANT webhook_endpoints BY tenant_id}

CREATE TABLE webhook_secrets (
  id             {ID}    NOT NULL PRIMARY KEY,
  endpoint_id    BIGINT  NOT NULL REFERENCES webhook_endpoints (id),
  kind           TEXT    NOT NULL CHECK (kind IN ('hmac', 'ed25519')),
  sealed         TEXT    NOT NULL,
  created_at_us  BIGINT  NOT NULL,
  expires_at_us  BIGINT,
  row_seal       {BYTES}  -- over the other columns, by a key from secret.key; NULL: written without a key
);
CREATE INDEX webhook_secrets_by_endpoint ON webhook_secrets (endpoint_id, id);
{TENANT webhook_secrets BY endpoint_id OF webhook_endpoints}

CREATE TABLE webhook_outbox (
  id                  {ID}    NOT NULL PRIMARY KEY,
  tenant_id           BIGINT  NOT NULL,
  endpoint_id         BIGINT  NOT NULL,
  event_id            BIGINT  NOT NULL,
  event_type          TEXT    NOT NULL,
  state               TEXT    NOT NULL CHECK (state = 'PENDING' OR state = 'DELIVERED' OR state = 'FAILED' OR state = 'DEAD_LETTER'),
  attempts            BIGINT  NOT NULL,
  next_attempt_at_us  BIGINT  NOT NULL, -- the greatest integer: behind an earlier one of its order key
  order_key           TEXT,
  is_replay           BIGINT  NOT NULL,
  last_status         BIGINT,           -- of HTTP; NULL: no answer yet
  last_error          TEXT,
  created_at_us       BIGINT  NOT NULL,
  delivered_at_us     BIGINT,
  replayed_at_us      BIGINT
);
CREATE UNIQUE INDEX webhook_outbox_first ON webhook_outbox (endpoint_id, event_id) WHERE is_replay = 0;
CREATE INDEX webhook_outbox_due ON webhook_outbox (endpoint_id, next_attempt_at_us)
  WHERE state IN ('PENDING', 'FAILED');
CREATE INDEX webhook_outbox_order ON webhook_outbox (endpoint_id, order_key, id)
  WHERE order_key IS NOT NULL AND state IN ('PENDING', 'FAILED');
CREATE INDEX webhook_outbox_dead ON webhook_outbox (endpoint_id, id) WHERE state = 'DEAD_LETTER';
CREATE INDEX webhook_outbox_by_endpoint ON webhook_outbox (endpoint_id, id);
CREATE INDEX webhook_outbox_by_tenant ON webhook_outbox (tenant_id, id);
{TENANT webhook_outbox BY tenant_id}

CREATE TABLE webhook_attempts (
  delivery_id       BIGINT NOT NULL,
  number            BIGINT NOT NULL,
  started_at_us     BIGINT NOT NULL,
  duration_us       BIGINT NOT NULL,
  status            BIGINT,
  error             TEXT,
  request_headers   TEXT   NOT NULL, -- JSON object; the body is the payload of the event
  response_headers  TEXT   NOT NULL, -- JSON object
  response_body     TEXT   NOT NULL, -- cut at 4 KiB
  is_truncated      BIGINT NOT NULL,
  PRIMARY KEY (delivery_id, number)
);
{TENANT webhook_attempts BY delivery_id OF webhook_outbox}

CREATE TABLE webhook_replays (
  id             {ID}    NOT NULL PRIMARY KEY,
  tenant_id      BIGINT  NOT NULL,
  endpoint_id    BIGINT  NOT NULL,
  kind           TEXT    NOT NULL CHECK (kind IN ('since', 'failed')),
  position       BIGINT  NOT NULL, -- the last event (since) or delivery (failed) that was looked at
  last           BIGINT  NOT NULL, -- where it ends
  created_at_us  BIGINT  NOT NULL
);
{TENANT webhook_replays BY tenant_id}

CREATE TABLE webhook_cursor (
  name      TEXT   NOT NULL PRIMARY KEY,
  event_id  BIGINT NOT NULL
);
