-- 0002_balances_wall
-- Why:  balances stood outside of the second wall. Its rows belong to the tenant of the row in accounts that they
--       hang on, by the policy there. A subquery that gives a value is never turned into a scan of the whole parent.
-- Cost: no row is touched; the table is locked for a moment. Background work and the ledger's lane, which see all, pay
--       a comparison a row, a reader of one tenant a look-up by key.
ALTER TABLE balances ENABLE ROW LEVEL SECURITY;
ALTER TABLE balances FORCE ROW LEVEL SECURITY;
CREATE POLICY balances_of_tenant ON balances
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM accounts WHERE accounts.id = balances.account_id));
