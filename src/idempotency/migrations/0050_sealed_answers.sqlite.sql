-- 0050_sealed_answers
-- Why:  an answer that shows a secret stood in clear in its key's row for 30 days. What was shown is now kept sealed, for an
--       hour, in a table of its own; the key's row holds the answer without the secret. Rows that hold a body tell whose
--       they are, so that PostgreSQL's row policies can hold them.
-- Cost: a new table and a column without a value; rows of the last 30 days whose answer shows a secret are written again.
--       Secrets that were shown under an Idempotency-Key before may stand in older backups: rotate them.
CREATE TABLE idempotency_secrets (
  digest         BLOB   NOT NULL PRIMARY KEY,  -- that of the key
  tenant_id      BIGINT NOT NULL,
  sealed         TEXT   NOT NULL,              -- the body as it was shown
  expires_at_us  BIGINT NOT NULL
) WITHOUT ROWID;
ALTER TABLE idempotency_keys ADD COLUMN tenant_id BIGINT;  -- of rows with a body; NULL: of older ones
PRAGMA secure_delete = ON;  -- what is written over leaves nothing in pages that become free
UPDATE idempotency_keys SET body = substr(body, 1, instr(body, ',"secret":"') - 1) || ',"secret":null}'
  WHERE expires_at_us IS NOT NULL AND body LIKE '{"id":"ptn_%' AND instr(body, ',"secret":"') > 0;
PRAGMA secure_delete = FAST;
