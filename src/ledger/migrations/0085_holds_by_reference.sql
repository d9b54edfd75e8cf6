-- 0085_holds_by_reference
-- Why:  holds are looked up by the reference that the client gave them.
-- Cost: one pass over the holds; on PostgreSQL none is placed or ended meanwhile.
CREATE INDEX holds_by_reference ON holds (tenant_id, reference, id) WHERE reference IS NOT NULL;
