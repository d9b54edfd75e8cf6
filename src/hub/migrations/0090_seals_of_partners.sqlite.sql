-- 0090_seals_of_partners
-- Why:  rows carry a seal made with secret.key over their columns, so that a row that somebody else changed is found by
--       florin verify. NULL: written before, or without a key; such a row is sealed when it is next written.
-- Cost: no row is touched; 21 bytes for each row from now on.
ALTER TABLE partners ADD COLUMN row_seal BLOB;
