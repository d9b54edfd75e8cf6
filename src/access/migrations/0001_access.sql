-- 0001_access
-- Why:  who may call: tenants and their API keys. Of a key only its SHA-256 is kept.
-- Cost: new tables.
CREATE TABLE tenants (
  id             {ID}    NOT NULL PRIMARY KEY,
  name           TEXT    NOT NULL UNIQUE,
  created_at_us  BIGINT  NOT NULL,
  row_seal       {BYTES}  -- over the other columns, by a key from secret.key; NULL: written without a key
);
{TENANT tenants BY id}

CREATE TABLE api_keys (
  id                     {ID}    NOT NULL PRIMARY KEY,
  tenant_id              BIGINT  NOT NULL REFERENCES tenants (id),
  name                   TEXT    NOT NULL,
  hash                   {BYTES} NOT NULL UNIQUE,
  hint                   TEXT    NOT NULL,
  mode                   TEXT    NOT NULL CHECK (mode IN ('live', 'test')),
  permissions            TEXT    NOT NULL,  -- separated by spaces
  rate_limit_per_second  BIGINT  NOT NULL CHECK (rate_limit_per_second >= 0),  -- 0: none
  expires_at_us          BIGINT,
  revoked_at_us          BIGINT,
  created_at_us          BIGINT  NOT NULL,
  row_seal               {BYTES}  -- over the other columns, by a key from secret.key; NULL: written without a key
);
{TENANT api_keys BY tenant_id}
