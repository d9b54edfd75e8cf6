#include "ledger/ledger_queries.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/id_generator.h"
#include "base/page_work.h"
#include "base/try.h"
#include "ledger/errors.h"
#include "ledger/history.h"
#include "ledger/list_filters.h"
#include "ledger/settled_read.h"
#include "ledger/statement.h"
#include "ledger/store/account_store.h"
#include "ledger/store/hold_store.h"
#include "ledger/store/transfer_store.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

using sql::Tx;

/// Along an account's history each row is a look-up of its own.
constexpr PageWork::Bounds work_on_history{10'000, 1'000};

/// Takes rows in the order of the list until the page is full and a further match is found, or the
/// limit of work is reached. `next` is the first row of the following page, or the first unread
/// one.
template <class T>
class PageFiller {
 public:
  PageFiller(Paged<T>& page, int limit, PageWork::Bounds bounds = {})
      : page_(page), work_(limit, bounds) {}

  /// False: stop reading.
  bool offer(std::int64_t id, bool matches, T row) {
    if (!wants(id)) return false;
    return !matches || take(id, std::move(row));
  }
  /// Whether there is work left for this row.
  bool wants(std::int64_t id) {
    if (work_.look()) return true;
    page_.next = id;
    return false;
  }
  /// A row that is skipped.
  void pass() { work_.pass(); }
  /// A row that was wanted and matches. False: the page was full.
  bool take(std::int64_t id, T row) {
    if (!work_.take()) {
      page_.next = id;
      return false;
    }
    page_.rows.push_back(std::move(row));
    return true;
  }

 private:
  Paged<T>& page_;
  PageWork work_;
};

/// Captures of one hold that are read for a page.
constexpr std::size_t max_captures = 1'000;

/// Ids are ahead of created_at when more than 4,096 are made in a millisecond, and after a clock
/// was set back. Days of full load do not reach this distance.
constexpr std::int64_t max_ids_ahead_s = 300;

/// The ids that rows created in the period can have, from the page's start on.
store::IdRange range_of(const Period& created, PageRequest page) {
  store::IdRange range;
  range.order = page.order;
  if (created.from) range.low = IdGenerator::first_at(created.from->plus_seconds(-max_ids_ahead_s));
  if (created.to) range.high = IdGenerator::first_at(created.to->plus_seconds(max_ids_ahead_s));
  if (page.start == 0) return range;
  if (page.order == Order::newest_first) {
    range.high = std::min(range.high, page.start);
  } else {
    range.low = std::max(range.low, page.start);
  }
  return range;
}

/// When a transfer that the filter accepts can have been created. None is effective later than
/// that.
Period created_within(const TransferFilter& filter) {
  Period created = filter.created;
  if (!created.from || filter.effective.from > created.from) created.from = filter.effective.from;
  return created;
}

Result<TransferView> view(Tx& tx, Transfer transfer) {
  const TransferId reversed_by = TRY(store::find_reversal_of(tx, transfer.id));
  auto balances = TRY(store::load_balances(tx, transfer));
  return TransferView{std::move(transfer), reversed_by, std::move(balances)};
}

Result<Paged<TransferView>> views(Tx& tx, TenantId tenant, const Paged<TransferId>& found) {
  Paged<TransferView> result{{}, found.next};
  for (const TransferId id : found.rows) {
    auto transfer = TRY(store::load_transfer(tx, tenant, id));
    if (transfer) result.rows.push_back(TRY(view(tx, *std::move(transfer))));
  }
  return result;
}

/// The transfers of one account, along the links between its postings; `start` names the posting to
/// begin with.
Result<Paged<TransferView>> transfers_of_account(Tx& tx, const Account& account,
                                                 const TransferFilter& filter, PageRequest page) {
  Paged<TransferId> found;
  PageFiller<TransferId> filler(found, page.limit, work_on_history);
  const Period created = created_within(filter);
  const auto walk = TRY(walk_within(tx, account.id, created, page));
  TransferId last;
  while (const auto entry = TRY(walk->next())) {
    // A page ends between transfers, or the next one would begin with another posting of its last.
    if (entry->transfer == last) {
      filler.pass();
      continue;
    }
    last = entry->transfer;
    if (is_behind(entry->created_at, created, page.order)) break;
    if (!filler.wants(entry->posting_id)) break;
    if (filter.reference && entry->reference != filter.reference) continue;
    if (!is_plain(filter)) {
      const auto transfer = TRY(store::load_transfer(tx, account.tenant, entry->transfer));
      const bool fits =
          transfer && matches(*transfer, filter) && moves(*transfer, filter, account.id);
      if (!fits) continue;
    }
    if (!filler.take(entry->posting_id, entry->transfer)) break;
  }
  return views(tx, account.tenant, found);
}

Result<Paged<TransferView>> transfers_of_tenant(Tx& tx, TenantId tenant,
                                                const TransferFilter& filter, PageRequest page) {
  Paged<TransferId> found;
  PageFiller<TransferId> filler(found, page.limit);
  const store::IdRange range = range_of(created_within(filter), page);
  const bool by_posting = filter.currency || !filter.amount.is_open();
  const auto visit = [&](const Transfer& transfer) {
    const bool fits = matches(transfer, filter) && (!by_posting || moves(transfer, filter, {}));
    return filler.offer(transfer.id.value, fits, transfer.id);
  };
  if (by_posting) {
    TRY(store::visit_whole_transfers(tx, tenant, range, visit));
  } else {
    TRY(store::visit_transfers(tx, tenant, range, visit));
  }
  return views(tx, tenant, found);
}

/// The same result; a not_found error names this parameter of the query.
template <class T>
Result<T> named_by(std::string_view parameter, Result<T> found) {
  if (found) return found;
  Error error = std::move(found).error();
  if (error.code.kind == ErrorKind::not_found)
    error.fields.push_back(
        {std::string("#/query/").append(parameter), error.code.name, error.detail});
  return error;
}

Result<AccountId> account_in_filter(Tx& tx, TenantId tenant, const AccountRef& ref) {
  return TRY(named_by("account", store::require_account(tx, tenant, ref))).id;
}

Result<Hold> require_hold(Tx& tx, TenantId tenant, HoldId id) {
  auto hold = TRY(store::load_hold(tx, tenant, id));
  if (!hold) return Error{errors::hold_not_found, "there is no hold of this id"};
  return *std::move(hold);
}

/// The captures of a hold are few.
Result<Paged<TransferView>> transfers_of_hold(Tx& tx, TenantId tenant, const TransferFilter& filter,
                                              PageRequest page) {
  TRY(named_by("hold", require_hold(tx, tenant, filter.hold)));
  std::vector<TransferId> captures;
  TRY(store::visit_transfers_of_hold(tx, filter.hold, range_of(created_within(filter), page),
                                     [&](const Transfer& transfer) {
                                       if (matches(transfer, filter))
                                         captures.push_back(transfer.id);
                                       return captures.size() < max_captures;
                                     }));
  AccountId account;
  if (filter.account) account = TRY(account_in_filter(tx, tenant, *filter.account));
  Paged<TransferId> found;
  PageFiller<TransferId> filler(found, page.limit);
  for (const TransferId id : captures) {
    if (id == captures.back() && captures.size() == max_captures) {
      if (found.next == 0) found.next = id.value;
      break;
    }
    const auto transfer = TRY(store::load_transfer(tx, tenant, id));
    const bool fits = transfer && moves(*transfer, filter, account);
    if (!filler.offer(id.value, fits, id)) break;
  }
  return views(tx, tenant, found);
}

Result<Paged<HoldId>> find_holds(Tx& tx, TenantId tenant, const HoldFilter& filter,
                                 PageRequest page, Timestamp now) {
  Paged<HoldId> found;
  PageFiller<HoldId> filler(found, page.limit);
  store::IdRange range = range_of(filter.created, page);
  int seen = 0;
  bool goes_on = true;
  const auto visit = [&](const store::HoldHead& head) {
    ++seen;
    (page.order == Order::newest_first ? range.high : range.low) =
        head.id.value + (page.order == Order::newest_first ? -1 : 1);
    return goes_on = filler.offer(head.id.value, matches(head, filter), head.id);
  };
  if (filter.account) {
    const AccountId account = TRY(account_in_filter(tx, tenant, *filter.account));
    do {
      seen = 0;
      TRY(store::visit_holds_of_account(tx, account, range, now, visit));
    } while (goes_on && seen == store::holds_at_once);
  } else if (filter.reference) {
    TRY(store::visit_holds_of_reference(tx, tenant, *filter.reference, range, now, visit));
  } else {
    TRY(store::visit_holds(tx, tenant, range, now, visit));
  }
  return found;
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
    PageFiller<Account> filler(result, page.limit);
    TRY(store::visit_accounts(
        tx, tenant, range_of(filter.created, page), [&](const Account& account) {
          return filler.offer(account.id.value, matches(account, filter), account);
        }));
    const store::DuePending due = TRY(store::find_due_pending(tx, clock_.now()));
    for (Account& account : result.rows) store::settle_due(account, due);
    return result;
  });
}

Result<TransferView> LedgerQueries::transfer(TenantId tenant, TransferId id) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<TransferView> {
    auto transfer = TRY(store::load_transfer(tx, tenant, id));
    if (!transfer) {
      return Error{errors::transfer_not_found, "there is no transfer of this id"};
    }
    return view(tx, *std::move(transfer));
  });
}

Result<Paged<TransferView>> LedgerQueries::transfers(TenantId tenant, const TransferFilter& filter,
                                                     PageRequest page) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<Paged<TransferView>> {
    if (filter.hold) return transfers_of_hold(tx, tenant, filter, page);
    if (filter.account) {
      const Account account =
          TRY(named_by("account", store::require_account(tx, tenant, *filter.account)));
      return transfers_of_account(tx, account, filter, page);
    }
    return transfers_of_tenant(tx, tenant, filter, page);
  });
}

Result<Hold> LedgerQueries::hold(TenantId tenant, HoldId id) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<Hold> {
    Hold hold = TRY(require_hold(tx, tenant, id));
    store::settle_due(hold, clock_.now());
    return hold;
  });
}

Result<Paged<Hold>> LedgerQueries::holds(TenantId tenant, const HoldFilter& filter,
                                         PageRequest page) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<Paged<Hold>> {
    const Timestamp now = clock_.now();
    const Paged<HoldId> found = TRY(find_holds(tx, tenant, filter, page, now));
    Paged<Hold> result{{}, found.next};
    for (const HoldId id : found.rows) {
      auto hold = TRY(store::load_hold(tx, tenant, id));
      if (!hold) continue;
      store::settle_due(*hold, now);
      result.rows.push_back(*std::move(hold));
    }
    return result;
  });
}

Result<Statement> LedgerQueries::statement(TenantId tenant, const AccountRef& ref,
                                           const Period& period, PageRequest page) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<Statement> {
    return read_statement(tx, TRY(store::require_account(tx, tenant, ref)), period, page);
  });
}

Result<BalanceAt> LedgerQueries::balance_at(TenantId tenant, const AccountRef& ref, Timestamp at,
                                            TimeKind time) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<BalanceAt> {
    BalanceAt result{TRY(store::require_account(tx, tenant, ref)), 0};
    result.balance_minor = TRY(posted_balance_at(tx, result.account, at, time));
    return result;
  });
}

}  // namespace florin::ledger
