-- 0001_access
-- Why:  who may call: tenants and their API keys. Of a key only its SHA-256 is kept.
-- Cost: new tables.
CREATE TABLE tenants (
  id             BIGINT  NOT NULL PRIMARY KEY,
  name           TEXT    NOT NULL UNIQUE,
  created_at_us  BIGINT  NOT NULL
);

CREATE TABLE api_keys (
  id                     BIGINT  NOT NULL PRIMARY KEY,
  tenant_id              BIGINT  NOT NULL REFERENCES tenants (id),
  name                   TEXT    NOT NULL,
  hash                   BYTEA   NOT NULL UNIQUE,
  hint                   TEXT    NOT NULL,
  mode                   TEXT    NOT NULL CHECK (mode IN ('live', 'test')),
  permissions            TEXT    NOT NULL,  -- separated by spaces
  rate_limit_per_second  BIGINT  NOT NULL CHECK (rate_limit_per_second >= 0),  -- 0: none
  expires_at_us          BIGINT,
  revoked_at_us          BIGINT,
  created_at_us          BIGINT  NOT NULL
);

-- The second wall: a transaction that serves one tenant has set florin.tenant and sees that tenant's rows alone;
-- background work has set it to '*'. Whoever has set nothing, psql for one, sees nothing.
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY api_keys_of_tenant ON api_keys
  USING (current_setting('florin.tenant', true) = '*' OR tenant_id::text = current_setting('florin.tenant', true));
