-- 0030_event_links
-- Why:  events are a keyed chain: each carries a seal over itself and the one before it, so that who can write the
--       database but has no key cannot change, add or remove one unnoticed. NULL: written before, or without a key.
-- Cost: no row is touched; 21 bytes for each event from now on.
ALTER TABLE events ADD COLUMN link BLOB;
