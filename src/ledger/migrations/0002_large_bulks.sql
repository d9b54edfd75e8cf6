-- 0002_large_bulks
-- Why:  a bulk of many postings is promised in one short commit and its rows are written out in slices behind it, so that
--       other tenants do not wait for all of it. What is not yet written out must survive a crash.
-- Cost: two new tables, empty but while such a bulk is under way.
CREATE TABLE large_bulks (
  id             {ID}    NOT NULL PRIMARY KEY,  -- of its first posting
  tenant_id      BIGINT  NOT NULL,
  actor          TEXT    NOT NULL,
  request_id     TEXT    NOT NULL,
  node           BIGINT  NOT NULL,              -- who works on it
  state          TEXT    NOT NULL CHECK (state IN ('prepared', 'promised')),
  created_at_us  BIGINT  NOT NULL
);
{TENANT large_bulks BY tenant_id}

CREATE TABLE large_bulk_slices (
  bulk_id  BIGINT  NOT NULL,
  place    BIGINT  NOT NULL,
  rows     {BYTES} NOT NULL,
  PRIMARY KEY (bulk_id, place)
);
{TENANT large_bulk_slices BY bulk_id OF large_bulks}
