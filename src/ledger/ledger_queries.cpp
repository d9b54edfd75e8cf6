#include "ledger/ledger_queries.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/id_generator.h"
#include "base/try.h"
#include "ledger/bulk/bulk_store.h"
#include "ledger/errors.h"
#include "ledger/ledger_store.h"
#include "platform/json/value.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

using sql::Tx;

constexpr int max_scanned = 100'000;
constexpr std::size_t max_groups = 10'000;

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

/// The first `segments` parts of a code, split at ':'.
std::string code_group(std::string_view code, int segments) {
  std::size_t end = 0;
  for (int i = 0; i < segments && end != std::string_view::npos; ++i) {
    end = code.find(':', i == 0 ? 0 : end + 1);
  }
  return std::string(code.substr(0, end));
}

/// The value of a metadata member as text; nothing when it is absent.
std::optional<std::string> metadata_value(std::string_view metadata, std::string_view key) {
  if (metadata == "{}") return std::nullopt;
  const auto document = json::parse(metadata);
  if (!document) return std::nullopt;
  const json::Value* value = document->find(key);
  if (!value || value->is_null()) return std::nullopt;
  if (const std::string* text = value->as_string()) return *text;
  return json::serialize(*value);
}

std::optional<std::string> group_of(const Account& account, const Grouping& grouping) {
  switch (grouping.by) {
    case Grouping::By::type:
      return std::string(to_string(account.type));
    case Grouping::By::currency:
      return std::string(account.currency.code());
    case Grouping::By::account:
      return account.code;
    case Grouping::By::code_segments:
      return code_group(account.code, grouping.segments);
    case Grouping::By::account_metadata:
      return metadata_value(account.metadata, grouping.key);
    case Grouping::By::transfer_metadata:
      break;
  }
  return std::nullopt;
}

/// Adds rows up per currency and group, with an eye on size and overflow.
class Groups {
 public:
  GroupRow* find_or_add(const std::string& group, Currency currency) {
    const auto [entry, added] =
        rows_.try_emplace({std::string(currency.code()), group}, GroupRow{group, {}, currency});
    if (added && rows_.size() > max_groups) too_many_ = true;
    return &entry->second;
  }
  void add(std::int64_t& sum, std::int64_t amount) {
    const auto result = checked_add(sum, amount);
    overflow_ = overflow_ || !result;
    sum = result.value_or(0);
  }
  bool failed() const { return too_many_ || overflow_; }

  Result<std::vector<GroupRow>> finish() && {
    if (too_many_)
      return Error{errors::too_many_rows, "more than 10000 groups; narrow them with the filters"};
    if (overflow_)
      return Error{errors::amount_overflow, "a sum does not fit into 64 bits of minor units"};
    std::vector<GroupRow> rows;
    rows.reserve(rows_.size());
    for (auto& [key, row] : rows_) rows.push_back(std::move(row));
    return rows;
  }

 private:
  std::map<std::pair<std::string, std::string>, GroupRow> rows_;
  bool too_many_ = false, overflow_ = false;
};

using PostedSums = std::unordered_map<AccountId, Sums>;

/// What every account has posted with an effective time after `at`.
Result<PostedSums> posted_after(Tx& tx, const std::optional<Timestamp>& at) {
  PostedSums later;
  if (!at) return later;
  TRY(store::visit_postings_effective_after(tx, *at, [&](const engine::PostingRow& row) {
    later[row.posting.debit].debits_posted += row.posting.amount.minor;
    later[row.posting.credit].credits_posted += row.posting.amount.minor;
    return true;
  }));
  return later;
}

bool matches(const Account& account, const GroupFilter& filter) {
  return matches(account, AccountFilter{std::nullopt, filter.currency, filter.code_prefix});
}

Result<std::vector<GroupRow>> sums_of_accounts(Tx& tx, TenantId tenant, const Grouping& grouping,
                                               const GroupFilter& filter) {
  const PostedSums later = TRY(posted_after(tx, filter.at));
  // With one type to a group its balance has a normal direction.
  const bool typed = grouping.by == Grouping::By::type || grouping.by == Grouping::By::account;
  Groups groups;
  TRY(store::visit_accounts(tx, tenant, 0, [&](const Account& account) {
    if (!matches(account, filter) || (filter.at && account.created_at > *filter.at)) return true;
    const auto group = group_of(account, grouping);
    if (!group) return true;
    Sums sums = account.sums;
    if (const auto found = later.find(account.id); found != later.end()) {
      sums.debits_posted -= found->second.debits_posted;
      sums.credits_posted -= found->second.credits_posted;
    }
    GroupRow* row = groups.find_or_add(*group, account.currency);
    ++row->count;
    groups.add(row->debits, sums.debits_posted);
    groups.add(row->credits, sums.credits_posted);
    groups.add(row->balance, balance_of(typed ? account.type : AccountType::liability, sums));
    if (grouping.by == Grouping::By::account) row->account = account;
    return !groups.failed();
  }));
  return std::move(groups).finish();
}

Result<std::vector<GroupRow>> sums_of_transfers(Tx& tx, TenantId tenant, const Grouping& grouping,
                                                const GroupFilter& filter) {
  // One statement is open at a time: first who is in which group, then their postings in the order
  // of ids.
  std::vector<std::pair<TransferId, std::string>> members;
  TRY(store::visit_transfers(tx, tenant, 0, [&](const Transfer& transfer) {
    if (filter.from && transfer.effective_at < *filter.from) return true;
    if (filter.to && transfer.effective_at >= *filter.to) return true;
    if (auto group = metadata_value(transfer.narrative.metadata, grouping.key)) {
      members.emplace_back(transfer.id, *std::move(group));
    }
    return true;
  }));
  Groups groups;
  for (const auto& [id, group] : members) {
    const auto transfer = TRY(store::load_transfer(tx, id));
    if (!transfer) continue;
    std::vector<const GroupRow*> counted;  // One for each currency of the transfer.
    for (const Posting& posting : transfer->postings) {
      if (filter.currency && posting.amount.currency != *filter.currency) continue;
      GroupRow* row = groups.find_or_add(group, posting.amount.currency);
      if (std::find(counted.begin(), counted.end(), row) == counted.end()) {
        ++row->count;
        counted.push_back(row);
      }
      groups.add(row->debits, posting.amount.minor);
      groups.add(row->credits, posting.amount.minor);
    }
    if (groups.failed()) break;
  }
  return std::move(groups).finish();
}

/// Nobody waits longer than this for a bulk: the caller's own thread serves others, too.
constexpr int patience_ms = 200;
constexpr int between_looks_ms = 20;

/// Reads when no bulk of the tenant is being written out: its balances have moved, and its postings
/// are not all there. Errors: ledger_busy.
template <class Work>
auto read_settled(sql::Database& database, TenantId tenant, const Work& work)
    -> decltype(work(std::declval<Tx&>())) {
  for (int waited_ms = 0;; waited_ms += between_looks_ms) {
    bool is_settled = true;
    auto result = database.read([&](Tx& tx) -> decltype(work(tx)) {
      is_settled = !TRY(bulk::store::is_writing_out(tx, tenant));
      if (is_settled) return work(tx);
      return Error{errors::ledger_busy, "a large bulk is being written; ask again", {}, 1};
    });
    if (is_settled || waited_ms >= patience_ms) return result;
    std::this_thread::sleep_for(std::chrono::milliseconds(between_looks_ms));
  }
}

}  // namespace

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

Result<BalanceAt> LedgerQueries::balance_at(TenantId tenant, const AccountRef& ref, Timestamp at) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<BalanceAt> {
    BalanceAt result{TRY(store::require_account(tx, tenant, ref)), 0};
    const Account& account = result.account;
    const std::int64_t posting = TRY(store::find_last_posting(tx, account.id, at));
    if (posting != 0) {
      const auto entry = TRY(store::load_history_entry(tx, account.id, posting));
      if (entry) result.balance_minor = entry->side.balance;
    }
    result.balance_minor +=
        balance_of(account.type, TRY(store::backdated_sums(tx, account.id, at)));
    return result;
  });
}

Result<std::vector<GroupRow>> LedgerQueries::sums(TenantId tenant, const Grouping& grouping,
                                                  const GroupFilter& filter) {
  return read_settled(database_, tenant, [&](Tx& tx) {
    return grouping.by == Grouping::By::transfer_metadata
               ? sums_of_transfers(tx, tenant, grouping, filter)
               : sums_of_accounts(tx, tenant, grouping, filter);
  });
}

}  // namespace florin::ledger
