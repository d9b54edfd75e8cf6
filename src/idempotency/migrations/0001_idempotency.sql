-- 0001_idempotency
-- Why:  a request that is sent twice must act once, also across a restart.
-- Cost: new tables. Rows are kept small: the hot path writes one for every transfer, at a random place.
CREATE TABLE idempotency_keys (
  digest         {BYTES} NOT NULL PRIMARY KEY,  -- 128 bits of SHA-256 over tenant, route and key
  request        {BYTES} NOT NULL,              -- 128 bits of SHA-256 over what was asked
  ref            BIGINT  NOT NULL,              -- the immutable object whose rendering is the body; 0: body holds it
  status         BIGINT  NOT NULL,
  body           TEXT,                          -- without what is shown once
  created_at_us  BIGINT  NOT NULL,
  expires_at_us  BIGINT,                        -- NULL: kept for ever
  tenant_id      BIGINT,                        -- of rows with a body; the others hold nothing to read: two digests and an id
  row_seal       {BYTES}                        -- over the other columns, by a key from secret.key; NULL: written without a key
) {SQLITE: WITHOUT ROWID};
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at_us) WHERE expires_at_us IS NOT NULL;
{TENANT idempotency_keys BY tenant_id OR NULL}

-- An answer that shows a secret is kept for an hour, sealed, and never stands in clear.
CREATE TABLE idempotency_secrets (
  digest         {BYTES} NOT NULL PRIMARY KEY,  -- that of the key
  tenant_id      BIGINT  NOT NULL,
  sealed         TEXT    NOT NULL,              -- the body as it was shown
  expires_at_us  BIGINT  NOT NULL
) {SQLITE: WITHOUT ROWID};
{TENANT idempotency_secrets BY tenant_id}
