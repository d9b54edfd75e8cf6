-- 0002_secrets_wall
-- Why:  partner_secrets stood outside of the second wall. Its rows belong to the tenant of the row in partners that they
--       hang on, by the policy there. A subquery that gives a value is never turned into a scan of the whole parent.
-- Cost: no row is touched; the table is locked for a moment. Background work and the ledger's lane, which see all, pay
--       a comparison a row, a reader of one tenant a look-up by key.
ALTER TABLE partner_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE partner_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY partner_secrets_of_tenant ON partner_secrets
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM partners WHERE partners.id = partner_secrets.partner_id));
