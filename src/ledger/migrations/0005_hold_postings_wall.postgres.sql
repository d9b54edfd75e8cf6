-- 0005_hold_postings_wall
-- Why:  hold_postings stood outside of the second wall. Its rows belong to the tenant of the row in holds that they
--       hang on, by the policy there. A subquery that gives a value is never turned into a scan of the whole parent.
-- Cost: no row is touched; the table is locked for a moment. Background work and the ledger's lane, which see all, pay
--       a comparison a row, a reader of one tenant a look-up by key.
ALTER TABLE hold_postings ENABLE ROW LEVEL SECURITY;
ALTER TABLE hold_postings FORCE ROW LEVEL SECURITY;
CREATE POLICY hold_postings_of_tenant ON hold_postings
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM holds WHERE holds.id = hold_postings.hold_id));
