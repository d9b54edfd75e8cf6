-- 0001_cluster
-- Why:  several processes work on one database: who they are, and which of them does what one alone may do.
-- Cost: new tables of a few rows each.
CREATE TABLE nodes (
  id             INTEGER NOT NULL PRIMARY KEY,  -- node.id
  session        TEXT    NOT NULL,              -- of one process from its start to its end
  process        TEXT    NOT NULL,              -- what it is called on its host; see process_identity.h
  host           TEXT    NOT NULL,
  address        TEXT    NOT NULL,
  version        TEXT    NOT NULL,
  beats          BIGINT  NOT NULL,              -- grows while it lives
  ttl_us         BIGINT  NOT NULL,              -- silent for longer than this: dead
  started_at_us  BIGINT  NOT NULL,
  beat_at_us     BIGINT  NOT NULL               -- by its own clock
);

CREATE TABLE node_leases (
  name            TEXT    NOT NULL PRIMARY KEY,
  holder          BIGINT,                       -- node id; NULL: free
  session         TEXT    NOT NULL,             -- of the holder; empty: free
  fencing         BIGINT  NOT NULL,             -- grows with each holder
  renewals        BIGINT  NOT NULL,             -- grows while the holder lives
  ttl_us          BIGINT  NOT NULL,
  acquired_at_us  BIGINT  NOT NULL,
  expires_at_us   BIGINT  NOT NULL,             -- by the holder's clock; for people, nobody decides by it
  note            TEXT    NOT NULL              -- JSON: what the holder says of its work; empty: nothing
);
