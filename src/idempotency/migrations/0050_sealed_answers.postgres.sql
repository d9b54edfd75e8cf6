-- 0050_sealed_answers
-- Why:  an answer that shows a secret stood in clear in its key's row for 30 days. What was shown is now kept sealed, for an
--       hour, in a table of its own; the key's row holds the answer without the secret. Rows that hold a body tell whose
--       they are, and the second wall stands before them (docs/adr/0014).
-- Cost: a new table and a column without a value; rows of the last 30 days whose answer shows a secret are written again.
--       Secrets that were shown under an Idempotency-Key before may stand in older backups: rotate them.
CREATE TABLE idempotency_secrets (
  digest         BYTEA  NOT NULL PRIMARY KEY,  -- that of the key
  tenant_id      BIGINT NOT NULL,
  sealed         TEXT   NOT NULL,              -- the body as it was shown
  expires_at_us  BIGINT NOT NULL
);
ALTER TABLE idempotency_keys ADD COLUMN tenant_id BIGINT;  -- of rows with a body; NULL: of older ones
UPDATE idempotency_keys SET body = substr(body, 1, strpos(body, ',"secret":"') - 1) || ',"secret":null}'
  WHERE expires_at_us IS NOT NULL AND body LIKE '{"id":"ptn_%' AND strpos(body, ',"secret":"') > 0;

ALTER TABLE idempotency_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY idempotency_secrets_of_tenant ON idempotency_secrets
  USING (current_setting('florin.tenant', true) = '*' OR tenant_id::text = current_setting('florin.tenant', true));
-- A row without a tenant names an object by its id and holds two digests, or is older than this column.
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY idempotency_keys_of_tenant ON idempotency_keys
  USING (current_setting('florin.tenant', true) = '*' OR tenant_id IS NULL
         OR tenant_id::text = current_setting('florin.tenant', true));
