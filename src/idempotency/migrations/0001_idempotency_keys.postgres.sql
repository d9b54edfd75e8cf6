-- 0001_idempotency_keys
-- Why:  a request that is sent twice must act once, also across a restart.
-- Cost: a new table. Rows are kept small: the hot path writes one for every transfer, at a random place.
CREATE TABLE idempotency_keys (
  digest         BYTEA  NOT NULL PRIMARY KEY,  -- 128 bits of SHA-256 over tenant, route and key
  request        BYTEA  NOT NULL,              -- 128 bits of SHA-256 over what was asked
  ref            BIGINT NOT NULL,              -- the immutable object whose rendering is the body; 0: body holds it
  status         BIGINT NOT NULL,
  body           TEXT,
  created_at_us  BIGINT NOT NULL,
  expires_at_us  BIGINT                        -- NULL: kept for ever
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at_us) WHERE expires_at_us IS NOT NULL;
