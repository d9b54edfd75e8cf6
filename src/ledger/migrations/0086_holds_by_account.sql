-- 0086_holds_by_account
-- Why:  the holds on an account are listed, of which there may be few among very many.
-- Cost: two passes over the holds' postings; on PostgreSQL no hold is placed or ended meanwhile.
CREATE INDEX hold_postings_by_debit ON hold_postings (debit_id, hold_id);
CREATE INDEX hold_postings_by_credit ON hold_postings (credit_id, hold_id);
