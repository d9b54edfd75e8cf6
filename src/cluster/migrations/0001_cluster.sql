-- 0001_cluster
-- Why:  several processes work on one database: who they are, and which of them runs single-node tasks.
-- Cost: new tables of a few rows each.
CREATE TABLE nodes (
  id             INTEGER NOT NULL PRIMARY KEY,  -- node.id
  session        TEXT    NOT NULL,              -- of one process from its start to its end
  process        TEXT    NOT NULL,              -- what it is called on its host; see process_identity.h
  host           TEXT    NOT NULL,
  address        TEXT    NOT NULL,
  version        TEXT    NOT NULL,
  heartbeats     BIGINT  NOT NULL,              -- grows while it lives
  ttl_us         BIGINT  NOT NULL,              -- dead after so long without a heartbeat
  started_at_us  BIGINT  NOT NULL,
  heartbeat_at_us BIGINT NOT NULL               -- by its own clock
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
  last_run        TEXT    NOT NULL              -- JSON: the holder's last run of the job; empty: none
);
