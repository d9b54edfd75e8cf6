-- 0004_postings_wall
-- Why:  postings stood outside of the second wall. Its rows belong to the tenant of the row in transfers that they
--       hang on, by the policy there. A subquery that gives a value is never turned into a scan of the whole parent.
-- Cost: no row is touched; the table is locked for a moment. Background work and the ledger's lane, which see all, pay
--       a comparison a row, a reader of one tenant a look-up by key.
ALTER TABLE postings ENABLE ROW LEVEL SECURITY;
ALTER TABLE postings FORCE ROW LEVEL SECURITY;
CREATE POLICY postings_of_tenant ON postings
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM transfers WHERE transfers.id = postings.transfer_id));
