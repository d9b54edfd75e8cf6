-- 0100_transactions_by_tenant
-- Why:  a tenant's transactions are listed in the order of their ids, without a look at those of others.
-- Cost: one pass over the transactions; on PostgreSQL none is added or changed meanwhile.
CREATE INDEX hub_transactions_by_tenant ON hub_transactions (tenant_id, id);
