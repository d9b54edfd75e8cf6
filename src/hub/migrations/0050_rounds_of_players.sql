-- 0050_rounds_of_players
-- Why:  many players' bets may share one refId (a draw, a round of a table game). What is looked up by it is looked up by
--       player: keys, refs and tombstones of different players have nothing to do with each other.
-- Cost: one index in place of another. Both are made and dropped while writers wait, some seconds for each million rows.
-- Contract: safe after 0.1.0, because an older binary finds the same rows without the index, only slower.
CREATE INDEX hub_transactions_by_round ON hub_transactions (partner_id, ref, player, id);
DROP INDEX hub_transactions_by_ref;
