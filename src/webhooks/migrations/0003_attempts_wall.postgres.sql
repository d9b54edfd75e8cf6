-- 0003_attempts_wall
-- Why:  webhook_attempts stood outside of the second wall. Its rows belong to the tenant of the row in webhook_outbox that they
--       hang on, by the policy there. A subquery that gives a value is never turned into a scan of the whole parent.
-- Cost: no row is touched; the table is locked for a moment. Background work and the ledger's lane, which see all, pay
--       a comparison a row, a reader of one tenant a look-up by key.
ALTER TABLE webhook_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_attempts_of_tenant ON webhook_attempts
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM webhook_outbox WHERE webhook_outbox.id = webhook_attempts.delivery_id));
