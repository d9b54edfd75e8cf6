#include "ledger/store/history_store.h"

#include <algorithm>

#include "ledger/store/rows.h"
#include "ledger/store/transfer_store.h"
#include "platform/sql/words.h"

namespace florin::ledger::store {
namespace {

using sql::Query;
using sql::Row;
using sql::Tx;

constexpr Query history_entry{
    "ledger.history_entry", FLORIN_POSTING_COLUMNS
    ", t.effective_at_us, t.created_at_us, t.kind, t.reference, t.description"
    " FROM postings p JOIN transfers t ON t.id = p.transfer_id WHERE p.id = $1"};
constexpr Query backdated_of_account{
    "ledger.backdated_of_account",
    "SELECT amount_minor, 1 FROM postings"
    " WHERE debit_id = $1 AND backdated_to_us IS NOT NULL AND backdated_to_us <= $2"
    " AND (backdated_to_us < $2 OR debit_sequence <= $3) AND debit_sequence > $4"
    " UNION ALL "
    "SELECT amount_minor, 0 FROM postings"
    " WHERE credit_id = $1 AND backdated_to_us IS NOT NULL AND backdated_to_us <= $2"
    " AND (backdated_to_us < $2 OR credit_sequence <= $3) AND credit_sequence > $4"};
#define FLORIN_BACKDATED(side)                                    \
  "SELECT backdated_to_us, " side                                 \
  "_sequence, id FROM postings"                                   \
  " WHERE " side                                                  \
  "_id = $1 AND backdated_to_us IS NOT NULL"                      \
  " AND backdated_to_us >= $2 AND (backdated_to_us > $2 OR " side \
  "_sequence >= $3)"                                              \
  " AND backdated_to_us <= $4 AND (backdated_to_us < $4 OR " side "_sequence <= $5)"
constexpr OrderedQuery backdated_debits{
    {"ledger.backdated_debits_newest_first",
     FLORIN_BACKDATED("debit") " ORDER BY backdated_to_us DESC, debit_sequence DESC LIMIT $6"},
    {"ledger.backdated_debits_oldest_first",
     FLORIN_BACKDATED("debit") " ORDER BY backdated_to_us, debit_sequence LIMIT $6"}};
constexpr OrderedQuery backdated_credits{
    {"ledger.backdated_credits_newest_first",
     FLORIN_BACKDATED("credit") " ORDER BY backdated_to_us DESC, credit_sequence DESC LIMIT $6"},
    {"ledger.backdated_credits_oldest_first",
     FLORIN_BACKDATED("credit") " ORDER BY backdated_to_us, credit_sequence LIMIT $6"}};
#undef FLORIN_BACKDATED

constexpr Query checkpoint_insert{
    "ledger.checkpoint_insert",
    "INSERT INTO history_checkpoints (account_id, created_at_us, sequence, posting_id)"
    " VALUES ($1, $2, $3, $4)"};
constexpr Query checkpoint_after{
    "ledger.checkpoint_after",
    "SELECT posting_id FROM history_checkpoints WHERE account_id = $1 AND created_at_us > $2"
    " ORDER BY created_at_us, sequence LIMIT 1"};
constexpr Query checkpoint_behind{
    "ledger.checkpoint_behind",
    "SELECT posting_id FROM history_checkpoints WHERE account_id = $1 AND created_at_us >= $2"
    " AND (created_at_us > $2 OR sequence > $3) ORDER BY created_at_us, sequence LIMIT 1"};
constexpr Query last_posting_of{"ledger.last_posting_of",
                                "SELECT last_posting FROM balances WHERE account_id = $1"};
constexpr Query step_back{
    "ledger.step_back",
    "SELECT p.debit_id, p.debit_previous, p.credit_previous, t.created_at_us"
    " FROM postings p JOIN transfers t ON t.id = p.transfer_id WHERE p.id = $1"};

}  // namespace

Result<std::optional<HistoryEntry>> load_history_entry(Tx& tx, AccountId account,
                                                       std::int64_t posting) {
  auto entry = TRY(find_one<HistoryEntry>(tx, history_entry, {posting}, [&](const Row& row) {
    const engine::PostingRow found = read_posting(row);
    const bool is_debit = found.posting.debit == account;
    return HistoryEntry{.posting_id = found.id,
                        .transfer = found.transfer,
                        .is_debit = is_debit,
                        .amount_minor = found.posting.amount.minor,
                        .side = is_debit ? found.debit : found.credit,
                        .account = is_debit ? found.posting.debit : found.posting.credit,
                        .counterparty = is_debit ? found.posting.credit : found.posting.debit,
                        .effective_at = {row.integer(12)},
                        .created_at = {row.integer(13)},
                        .kind = sql::word(row, 14, "transfers.kind", parse_word<TransferKind>),
                        .reference = row.optional_text(15),
                        .description = row.optional_text(16)};
  }));
  if (entry && entry->account != account) entry.reset();
  return entry;
}

Result<std::int64_t> find_last_posting(Tx& tx, AccountId account, Timestamp at) {
  const auto first_column = [](const Row& row) { return row.integer(0); };
  std::optional<std::int64_t> posting;
  TRY(tx.query(checkpoint_after, {account.value, at.us}, [&](const Row& row) {
    posting = row.integer(0);
    return false;
  }));
  if (!posting)
    posting = TRY(find_one<std::int64_t>(tx, last_posting_of, {account.value}, first_column));

  // At most checkpoint_interval steps: the checkpoint before this one is not after `at`.
  std::int64_t current = posting.value_or(0);
  while (current != 0) {
    std::int64_t previous = 0;
    bool found = false;
    TRY(tx.query(step_back, {current}, [&](const Row& row) {
      found = row.integer(3) <= at.us;
      previous = row.integer(0) == account.value ? row.integer(1) : row.integer(2);
      return false;
    }));
    if (found) return current;
    current = previous;
  }
  return std::int64_t{0};
}

Result<std::int64_t> find_checkpoint_after(Tx& tx, AccountId account, Timestamp created_at,
                                           std::int64_t sequence) {
  std::int64_t posting = 0;
  TRY(tx.query(checkpoint_behind, {account.value, created_at.us, sequence}, [&](const Row& row) {
    posting = row.integer(0);
    return false;
  }));
  return posting;
}

Result<Sums> backdated_sums(Tx& tx, AccountId account, EffectivePlace upto, std::int64_t sequence) {
  Sums sums;
  TRY(tx.query(backdated_of_account, {account.value, upto.effective_at.us, upto.sequence, sequence},
               [&](const Row& row) {
                 (row.integer(1) != 0 ? sums.debits_posted : sums.credits_posted) += row.integer(0);
                 return true;
               }));
  return sums;
}

Result<std::vector<BackdatedPosting>> find_backdated(Tx& tx, AccountId account,
                                                     const EffectiveRange& range) {
  const auto& [low, high, order, limit] = range;
  std::vector<BackdatedPosting> found;
  for (const OrderedQuery* side : {&backdated_debits, &backdated_credits}) {
    TRY(tx.query(side->in(order),
                 {account.value, low.effective_at.us, low.sequence, high.effective_at.us,
                  high.sequence, limit},
                 [&](const Row& row) {
                   found.push_back({{{row.integer(0)}, row.integer(1)}, row.integer(2)});
                   return true;
                 }));
  }
  std::sort(found.begin(), found.end(), [newest = order == Order::newest_first](auto& a, auto& b) {
    return newest ? b.place < a.place : a.place < b.place;
  });
  if (found.size() > static_cast<std::size_t>(limit)) found.resize(static_cast<std::size_t>(limit));
  return found;
}

Result<void> save_checkpoints(Tx& tx, std::span<const engine::HistoryCheckpoint> checkpoints) {
  for (const engine::HistoryCheckpoint& checkpoint : checkpoints) {
    TRY(tx.exec(checkpoint_insert, {checkpoint.account.value, checkpoint.created_at.us,
                                    checkpoint.sequence, checkpoint.posting}));
  }
  return {};
}

std::vector<const Query*> history_queries() {
  std::vector<const Query*> queries{&checkpoint_behind, &backdated_of_account};
  for (const OrderedQuery* both : {&backdated_debits, &backdated_credits}) {
    queries.push_back(&both->newest_first);
    queries.push_back(&both->oldest_first);
  }
  return queries;
}

}  // namespace florin::ledger::store
