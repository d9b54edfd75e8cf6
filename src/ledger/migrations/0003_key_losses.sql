-- 0003_key_losses
-- Why:  what is written while secret.key is lost carries a seal that anybody can make. That this happened is noted here in the same
--       commit, so that such a seal without a note is a fault, and so that the operator can accept what was written once.
-- Cost: a new table, with a row for each time that the key was lost or taken for another one.
CREATE TABLE key_losses (
  lost_at_us      BIGINT NOT NULL PRIMARY KEY,
  lost_key        TEXT   NOT NULL,  -- the name of the key that the books had
  acceptance      TEXT,             -- the end of the books up to which it was accepted, signed; NULL: not yet
  accepted_at_us  BIGINT            -- NULL: rows may be left that are to be sealed again
);
