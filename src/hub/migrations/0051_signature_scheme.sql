-- 0051_signature_scheme
-- Why:  a partner may ask that its calls sign method, path and Idempotency-Key too.
-- Cost: a column with a default; no row is touched.
ALTER TABLE partners ADD COLUMN signature_scheme TEXT NOT NULL DEFAULT 'body-timestamp'
  CHECK (signature_scheme IN ('body-timestamp', 'v2'));
