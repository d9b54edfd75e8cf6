-- 0002_tenant_wall
-- Why:  rows without a tenant of their own stood outside of the second wall. They belong to whom the row belongs that
--       they hang on: its policy decides. A subquery that gives a value is never turned into a scan of the whole parent.
-- Cost: no row is touched; each table is locked for a moment. Background work and the ledger's lane, which see all, are
--       asked one comparison a row; a reader of one tenant one look-up by key.
ALTER TABLE webhook_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_secrets_of_tenant ON webhook_secrets
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM webhook_endpoints WHERE webhook_endpoints.id = webhook_secrets.endpoint_id));
ALTER TABLE webhook_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_attempts_of_tenant ON webhook_attempts
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM webhook_outbox WHERE webhook_outbox.id = webhook_attempts.delivery_id));
