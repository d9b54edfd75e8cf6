-- 0003_milestones_wall
-- Why:  account_milestones stood outside of the second wall. Its rows belong to the tenant of the row in accounts that they
--       hang on, by the policy there. A subquery that gives a value is never turned into a scan of the whole parent.
-- Cost: no row is touched; the table is locked for a moment. Background work and the ledger's lane, which see all, pay
--       a comparison a row, a reader of one tenant a look-up by key.
ALTER TABLE account_milestones ENABLE ROW LEVEL SECURITY;
ALTER TABLE account_milestones FORCE ROW LEVEL SECURITY;
CREATE POLICY account_milestones_of_tenant ON account_milestones
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM accounts WHERE accounts.id = account_milestones.account_id));
