-- 0002_tenant_wall
-- Why:  rows without a tenant of their own stood outside of the second wall. They belong to whom the row belongs that
--       they hang on: its policy decides. A subquery that gives a value is never turned into a scan of the whole parent.
-- Cost: no row is touched; each table is locked for a moment. Background work and the ledger's lane, which see all, are
--       asked one comparison a row; a reader of one tenant one look-up by key.
ALTER TABLE partner_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE partner_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY partner_secrets_of_tenant ON partner_secrets
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM partners WHERE partners.id = partner_secrets.partner_id));
