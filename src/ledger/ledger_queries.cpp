#include "ledger/ledger_queries.h"

#include <utility>

#include "base/clock.h"
#include "base/id_generator.h"
#include "base/try.h"
#include "ledger/errors.h"
#include "ledger/ledger_store.h"
#include "ledger/settled_read.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

using sql::Tx;

constexpr int max_scanned = 100'000;

bool matches(const Account& account, const AccountFilter& filter) {
  return (!filter.type || account.type == *filter.type) &&
         (!filter.currency || account.currency == *filter.currency) &&
         (!filter.code_prefix || account.code.starts_with(*filter.code_prefix));
}

bool matches(const Transfer& transfer, const TransferFilter& filter) {
  return (!filter.reference || transfer.narrative.reference == filter.reference) &&
         (!filter.from || transfer.created_at >= *filter.from) &&
         (!filter.to || transfer.created_at < *filter.to);
}

/// Collects rows of a scan over ids that fall, until the page is full or the scan has looked at
/// enough. `next` is one above the first row not looked at, which is how visit_* understands
/// "before".
template <class T>
class PageBuilder {
 public:
  PageBuilder(Paged<T>& page, int limit) : page_(page), limit_(static_cast<std::size_t>(limit)) {}

  /// Whether this row is still to be looked at. When not, the next page starts with it.
  bool wants(std::int64_t id) {
    if (page_.rows.size() < limit_ && scanned_ < max_scanned) {
      ++scanned_;
      return true;
    }
    page_.next = id + 1;
    return false;
  }
  void add(T row) { page_.rows.push_back(std::move(row)); }

 private:
  Paged<T>& page_;
  std::size_t limit_;
  int scanned_ = 0;
};

Result<TransferView> view(Tx& tx, Transfer transfer) {
  const TransferId reversed_by = TRY(store::find_reversal_of(tx, transfer.id));
  return TransferView{std::move(transfer), reversed_by};
}

/// No row is newer than its id, and rows come in the order of ids: behind such a one none is
/// wanted. Times alone would not do, because nodes whose clocks differ write to different accounts
/// at once.
bool is_before(std::int64_t id, Timestamp from) { return id < IdGenerator::first_at(from); }

/// The transfers of one account, along the links between its postings; `start` names the posting to
/// begin with.
Result<Paged<TransferView>> transfers_of_account(Tx& tx, const Account& account,
                                                 const TransferFilter& filter, PageRequest page) {
  Paged<TransferView> result;
  std::int64_t posting = page.start;
  if (posting == 0) posting = TRY(store::find_last_posting(tx, account.id, {INT64_MAX}));
  TransferId last;
  for (int scanned = 0; posting != 0; ++scanned) {
    const auto entry = TRY(store::load_history_entry(tx, account.id, posting));
    if (!entry) break;
    // A page ends between transfers, or the next one would begin with another posting of its last.
    const bool is_new = entry->transfer != last;
    if (is_new &&
        (result.rows.size() == static_cast<std::size_t>(page.limit) || scanned >= max_scanned)) {
      result.next = posting;
      break;
    }
    posting = entry->side.previous;
    if (!is_new) continue;
    last = entry->transfer;
    if (filter.from && is_before(entry->transfer.value, *filter.from)) break;
    auto transfer = TRY(store::load_transfer(tx, entry->transfer));
    if (transfer && matches(*transfer, filter))
      result.rows.push_back(TRY(view(tx, *std::move(transfer))));
  }
  return result;
}

StatementEntry to_statement_entry(const store::HistoryEntry& entry) {
  return {entry.transfer,     entry.kind,         entry.is_debit,  entry.amount_minor,
          entry.side.balance, entry.counterparty, entry.reference, entry.description,
          entry.effective_at, entry.created_at};
}

}  // namespace

std::string_view to_string(TimeKind time) {
  return time == TimeKind::created ? "created" : "effective";
}

Result<Account> LedgerQueries::account(TenantId tenant, const AccountRef& ref) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<Account> {
    Account account = TRY(store::require_account(tx, tenant, ref));
    const store::DuePending due = TRY(store::find_due_pending(tx, clock_.now()));
    store::settle_due(account, due);
    return account;
  });
}

Result<Paged<Account>> LedgerQueries::accounts(TenantId tenant, const AccountFilter& filter,
                                               PageRequest page) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<Paged<Account>> {
    Paged<Account> result;
    PageBuilder<Account> builder(result, page.limit);
    TRY(store::visit_accounts(tx, tenant, page.start, [&](const Account& account) {
      if (!builder.wants(account.id.value)) return false;
      if (matches(account, filter)) builder.add(account);
      return true;
    }));
    const store::DuePending due = TRY(store::find_due_pending(tx, clock_.now()));
    for (Account& account : result.rows) store::settle_due(account, due);
    return result;
  });
}

Result<TransferView> LedgerQueries::transfer(TenantId tenant, TransferId id) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<TransferView> {
    auto transfer = TRY(store::load_transfer(tx, id));
    if (!transfer || transfer->tenant != tenant) {
      return Error{errors::transfer_not_found, "there is no transfer of this id"};
    }
    return view(tx, *std::move(transfer));
  });
}

Result<Paged<TransferView>> LedgerQueries::transfers(TenantId tenant, const TransferFilter& filter,
                                                     PageRequest page) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<Paged<TransferView>> {
    if (filter.account) {
      const Account account = TRY(store::require_account(tx, tenant, *filter.account));
      return transfers_of_account(tx, account, filter, page);
    }
    Paged<TransferId> found;
    PageBuilder<TransferId> builder(found, page.limit);
    TRY(store::visit_transfers(tx, tenant, page.start, [&](const Transfer& transfer) {
      if (filter.from && is_before(transfer.id.value, *filter.from)) return false;
      if (!builder.wants(transfer.id.value)) return false;
      if (matches(transfer, filter)) builder.add(transfer.id);
      return true;
    }));
    Paged<TransferView> result{{}, found.next};
    for (const TransferId id : found.rows) {
      auto transfer = TRY(store::load_transfer(tx, id));
      if (transfer) result.rows.push_back(TRY(view(tx, *std::move(transfer))));
    }
    return result;
  });
}

Result<Hold> LedgerQueries::hold(TenantId tenant, HoldId id) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<Hold> {
    auto hold = TRY(store::load_hold(tx, id));
    if (!hold || hold->tenant != tenant)
      return Error{errors::hold_not_found, "there is no hold of this id"};
    store::settle_due(*hold, clock_.now());
    return *std::move(hold);
  });
}

Result<Paged<Hold>> LedgerQueries::holds(TenantId tenant, std::optional<HoldStatus> status,
                                         PageRequest page) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<Paged<Hold>> {
    const Timestamp now = clock_.now();
    Paged<HoldId> found;
    PageBuilder<HoldId> builder(found, page.limit);
    TRY(store::visit_holds(tx, tenant, page.start, now, [&](HoldId id, HoldStatus is) {
      if (!builder.wants(id.value)) return false;
      if (!status || is == *status) builder.add(id);
      return true;
    }));
    Paged<Hold> result{{}, found.next};
    for (const HoldId id : found.rows) {
      auto hold = TRY(store::load_hold(tx, id));
      if (!hold) continue;
      store::settle_due(*hold, now);
      result.rows.push_back(*std::move(hold));
    }
    return result;
  });
}

Result<Statement> LedgerQueries::statement(TenantId tenant, const AccountRef& ref,
                                           std::optional<Timestamp> from,
                                           std::optional<Timestamp> to, PageRequest page) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<Statement> {
    Statement statement{TRY(store::require_account(tx, tenant, ref)), {}};
    const AccountId account = statement.account.id;
    const Timestamp newest = to ? to->plus_us(-1) : Timestamp{INT64_MAX};
    std::int64_t posting = page.start;
    if (posting == 0) posting = TRY(store::find_last_posting(tx, account, newest));
    while (posting != 0) {
      const auto entry = TRY(store::load_history_entry(tx, account, posting));
      if (!entry || (from && entry->created_at < *from)) break;
      if (statement.entries.rows.size() == static_cast<std::size_t>(page.limit)) {
        statement.entries.next = posting;
        break;
      }
      statement.entries.rows.push_back(to_statement_entry(*entry));
      posting = entry->side.previous;
    }
    return statement;
  });
}

Result<BalanceAt> LedgerQueries::balance_at(TenantId tenant, const AccountRef& ref, Timestamp at,
                                            TimeKind time) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<BalanceAt> {
    BalanceAt result{TRY(store::require_account(tx, tenant, ref)), 0};
    const Account& account = result.account;
    const std::int64_t posting = TRY(store::find_last_posting(tx, account.id, at));
    if (posting != 0) {
      const auto entry = TRY(store::load_history_entry(tx, account.id, posting));
      if (entry) result.balance_minor = entry->side.balance;
    }
    if (time == TimeKind::created) return result;
    result.balance_minor +=
        balance_of(account.type, TRY(store::backdated_sums(tx, account.id, at)));
    return result;
  });
}

}  // namespace florin::ledger
