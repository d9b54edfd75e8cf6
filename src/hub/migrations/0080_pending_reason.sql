-- 0080_pending_reason
-- Why:  who looks at a wallet transaction that stays pending wants to know why: no connection, a time-out, an HTTP status.
-- Cost: a column without a default; no row is touched.
ALTER TABLE hub_transactions ADD COLUMN pending_reason TEXT;
