-- 0070_large_bulks
-- Why:  a bulk of many postings is promised in one short commit and its rows are written out in slices behind it, so that
--       other tenants do not wait for all of it. What is not yet written out must survive a crash.
-- Cost: two new tables, empty but while such a bulk is under way.
CREATE TABLE large_bulks (
  id             BIGINT  NOT NULL PRIMARY KEY,  -- of its first posting
  tenant_id      BIGINT  NOT NULL,
  actor          TEXT    NOT NULL,
  request_id     TEXT    NOT NULL,
  node           BIGINT  NOT NULL,              -- who works on it
  state          TEXT    NOT NULL CHECK (state IN ('prepared', 'promised')),
  created_at_us  BIGINT  NOT NULL
);
CREATE TABLE large_bulk_slices (
  bulk_id  BIGINT NOT NULL,
  place    BIGINT NOT NULL,
  rows     BYTEA  NOT NULL,
  PRIMARY KEY (bulk_id, place)
);
ALTER TABLE large_bulks ENABLE ROW LEVEL SECURITY;
ALTER TABLE large_bulks FORCE ROW LEVEL SECURITY;
CREATE POLICY large_bulks_of_tenant ON large_bulks
  USING (current_setting('florin.tenant', true) = '*' OR tenant_id::text = current_setting('florin.tenant', true));
ALTER TABLE large_bulk_slices ENABLE ROW LEVEL SECURITY;
ALTER TABLE large_bulk_slices FORCE ROW LEVEL SECURITY;
CREATE POLICY large_bulk_slices_of_tenant ON large_bulk_slices
  USING (current_setting('florin.tenant', true) = '*' OR (SELECT true FROM large_bulks WHERE large_bulks.id = large_bulk_slices.bulk_id));
