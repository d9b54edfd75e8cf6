-- 0002_tenants_wall
-- Why:  a tenant sees of the tenants itself.
-- Cost: no row is touched; the table is locked for a moment.
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants_of_tenant ON tenants
  USING (current_setting('florin.tenant', true) = '*' OR id::text = current_setting('florin.tenant', true));
