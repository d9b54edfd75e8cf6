-- 0001_merchants
-- Why:  those whom a tenant's customers pay.
-- Cost: a new table.
CREATE TABLE merchants (
  id                     {ID}    NOT NULL PRIMARY KEY,
  tenant_id              BIGINT  NOT NULL,
  code                   TEXT    NOT NULL,
  name                   TEXT    NOT NULL,
  country                TEXT    NOT NULL,
  status                 TEXT    NOT NULL,
  email                  TEXT,
  website                TEXT,
  settlement_currency    TEXT,
  settlement_delay_days  BIGINT  NOT NULL,
  max_payment_minor      BIGINT,
  is_test                BIGINT  NOT NULL,
  created_at_us          BIGINT  NOT NULL,
  updated_at_us          BIGINT  NOT NULL
);
CREATE UNIQUE INDEX merchants_by_code ON merchants (tenant_id, code);
CREATE INDEX merchants_by_tenant ON merchants (tenant_id, id);
{TENANT merchants BY tenant_id}
