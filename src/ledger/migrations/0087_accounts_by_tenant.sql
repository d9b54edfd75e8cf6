-- 0087_accounts_by_tenant
-- Why:  accounts are listed in the order of their ids, either way; the index by code would have all of a tenant's sorted
--       for each page.
-- Cost: one pass over the accounts; on PostgreSQL none is opened or changed meanwhile.
CREATE INDEX accounts_by_tenant ON accounts (tenant_id, id);
