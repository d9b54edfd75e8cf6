-- 0100_deliveries_by_tenant
-- Why:  a tenant's deliveries are listed in the order of their ids, without a look at those of others.
-- Cost: one pass over the deliveries; on PostgreSQL none is added or changed meanwhile.
CREATE INDEX webhook_outbox_by_tenant ON webhook_outbox (tenant_id, id);
