-- 0006_hold_changes_wall
-- Why:  hold_changes stood outside of the second wall. Its rows belong to the tenant of the row in holds that they
--       hang on, by the policy there. A subquery that gives a value is never turned into a scan of the whole parent.
-- Cost: no row is touched; the table is locked for a moment. Background work and the ledger's lane, which see all, pay
--       a comparison a row, a reader of one tenant a look-up by key.
ALTER TABLE hold_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE hold_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY hold_changes_of_tenant ON hold_changes
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM holds WHERE holds.id = hold_changes.hold_id));
