-- 0002_tenant_wall
-- Why:  rows without a tenant of their own stood outside of the second wall. They belong to whom the row belongs that
--       they hang on: its policy decides. A subquery that gives a value is never turned into a scan of the whole parent.
-- Cost: no row is touched; each table is locked for a moment. Background work and the ledger's lane, which see all, are
--       asked one comparison a row; a reader of one tenant one look-up by key.
ALTER TABLE balances ENABLE ROW LEVEL SECURITY;
ALTER TABLE balances FORCE ROW LEVEL SECURITY;
CREATE POLICY balances_of_tenant ON balances
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM accounts WHERE accounts.id = balances.account_id));
ALTER TABLE account_milestones ENABLE ROW LEVEL SECURITY;
ALTER TABLE account_milestones FORCE ROW LEVEL SECURITY;
CREATE POLICY account_milestones_of_tenant ON account_milestones
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM accounts WHERE accounts.id = account_milestones.account_id));
ALTER TABLE postings ENABLE ROW LEVEL SECURITY;
ALTER TABLE postings FORCE ROW LEVEL SECURITY;
CREATE POLICY postings_of_tenant ON postings
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM transfers WHERE transfers.id = postings.transfer_id));
ALTER TABLE hold_postings ENABLE ROW LEVEL SECURITY;
ALTER TABLE hold_postings FORCE ROW LEVEL SECURITY;
CREATE POLICY hold_postings_of_tenant ON hold_postings
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM holds WHERE holds.id = hold_postings.hold_id));
ALTER TABLE hold_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE hold_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY hold_changes_of_tenant ON hold_changes
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM holds WHERE holds.id = hold_changes.hold_id));
