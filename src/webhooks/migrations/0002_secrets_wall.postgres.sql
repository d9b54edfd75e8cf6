-- 0002_secrets_wall
-- Why:  webhook_secrets stood outside of the second wall. Its rows belong to the tenant of the row in webhook_endpoints that they
--       hang on, by the policy there. A subquery that gives a value is never turned into a scan of the whole parent.
-- Cost: no row is touched; the table is locked for a moment. Background work and the ledger's lane, which see all, pay
--       a comparison a row, a reader of one tenant a look-up by key.
ALTER TABLE webhook_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_secrets_of_tenant ON webhook_secrets
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM webhook_endpoints WHERE webhook_endpoints.id = webhook_secrets.endpoint_id));
