#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/ledger.h"
#include "ledger/order.h"

namespace florin::sql {
class Database;
}

namespace florin::ledger {

/// Which of a transfer's two times is meant: when it was entered (`created_at`), or when it counts
/// (`effective_at`).
enum class TimeKind : std::uint8_t { created, effective };
std::string_view to_string(TimeKind time);

/// from <= time < to.
struct Period {
  std::optional<Timestamp> from = {}, to = {};
  TimeKind time = TimeKind::created;
  bool is_before(Timestamp at) const { return from && at < *from; }
  bool is_after(Timestamp at) const { return to && at >= *to; }
  bool has(Timestamp at) const { return !is_before(at) && !is_after(at); }
  bool is_open() const { return !from && !to; }
};

/// A page of a list. `next` is where the following page starts; 0: there is none.
template <class T>
struct Paged {
  std::vector<T> rows;
  std::int64_t next = 0;
};

struct PageRequest {
  int limit = 50;
  std::int64_t start = 0;  ///< `next` of the page before; 0: from the beginning.
  Order order = Order::newest_first;
};

/// Members that the metadata has, each with the text of its value.
using MetadataFilter = std::vector<std::pair<std::string, std::string>>;

/// min <= minor units <= max.
struct AmountRange {
  std::optional<std::int64_t> min = {}, max = {};
  bool has(std::int64_t minor) const { return (!min || minor >= *min) && (!max || minor <= *max); }
  bool is_open() const { return !min && !max; }
};

struct AccountFilter {
  std::optional<AccountType> type = {};
  std::optional<Currency> currency = {};
  std::optional<std::string> code_prefix = {};
  MetadataFilter metadata = {};
  AmountRange balance = {};
  Period created = {};
};

struct TransferFilter {
  std::optional<std::string> reference = {};
  std::optional<AccountRef> account = {};
  Period created = {}, effective = {};    ///< Of `created_at` and of `effective_at`.
  HoldId hold = {};                       ///< Captures of it.
  std::optional<Currency> currency = {};  ///< With a posting in it.
  AmountRange amount = {};  ///< With a posting of so much (in that currency, on that account).
  MetadataFilter metadata = {};
};

struct HoldFilter {
  std::optional<HoldStatus> status = {};
  std::optional<AccountRef> account = {};
  std::optional<std::string> reference = {};
  MetadataFilter metadata = {};
  Period created = {};
};

struct TransferView {
  Transfer transfer;
  TransferId reversed_by;
  std::vector<PostingBalances> balances;  ///< One for each posting.
};

struct StatementEntry {
  TransferId transfer;
  TransferKind kind = TransferKind::transfer;
  bool is_debit = false;
  std::int64_t amount_minor = 0;
  /// Posted balance after it in the order of the statement, in the normal direction.
  std::int64_t balance_minor = 0;
  AccountId counterparty;
  std::optional<std::string> reference, description;
  Timestamp effective_at, created_at;
};

struct Statement {
  Account account;
  /// Posted balances when the period begins and when it ends (now, if it does not).
  std::int64_t opening_minor = 0, closing_minor = 0;
  Paged<StatementEntry> entries;
};

struct BalanceAt {
  Account account;                 ///< As it is now.
  std::int64_t balance_minor = 0;  ///< Posted balance at the moment asked for.
};

/// One line of a trial balance or an aggregate.
struct GroupRow {
  std::string group;               ///< "asset", "wallet", "eu", or the code of an account.
  std::optional<Account> account;  ///< In a trial balance by account.
  Currency currency;
  std::int64_t count = 0;  ///< Accounts, or transfers.
  std::int64_t debits = 0, credits = 0;
  std::int64_t balance =
      0;  ///< In the normal direction where the group has one type; else credits - debits.
};

struct Grouping {
  enum class By : std::uint8_t {
    type,
    currency,
    code_segments,
    account_metadata,
    transfer_metadata
  };
  By by = By::type;
  int segments = 1;  ///< With code_segments: the first N segments of the code, split at ':'.
  std::string key;   ///< With *_metadata.
};

struct GroupFilter {
  TimeKind time = TimeKind::effective;  ///< What `at`, `from` and `to` look at.
  std::optional<Timestamp> at;          ///< What had moved at or before it; absent: all.
  std::optional<Timestamp> from, to;    ///< Only what moved with from <= time < to.
  std::optional<std::string> code_prefix;
  std::optional<Currency> currency;
  std::optional<AccountType> type;
};

/// A currency of a trial balance: the totals of all accounts that pass the filter, and the rows of
/// this page.
struct TrialBalanceSection {
  Currency currency;
  std::int64_t debits = 0, credits = 0;
  std::vector<GroupRow> rows;
};

struct TrialBalance {
  std::vector<TrialBalanceSection> sections;  ///< By currency.
  std::int64_t next = 0;  ///< Where the following page starts; 0: there is none.
};

/// What is asked of the books. A hold counts as expired from its expires_at on. Each answer comes
/// from one consistent snapshot. Safe for concurrent use.
class LedgerQueries {
 public:
  LedgerQueries(sql::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// Errors: account_not_found.
  Result<Account> account(TenantId tenant, const AccountRef& ref);
  /// Of this and the other lists: a page looks at 100,000 rows at most (10,000 of one account's
  /// history), and when it is full at 10,000 more to tell whether there is another. Only when that
  /// ends without an answer `next` may lead to a page that is empty, or this one come back short.
  Result<Paged<Account>> accounts(TenantId tenant, const AccountFilter& filter, PageRequest page);

  /// Errors: transfer_not_found.
  Result<TransferView> transfer(TenantId tenant, TransferId id);
  /// Errors: account_not_found.
  Result<Paged<TransferView>> transfers(TenantId tenant, const TransferFilter& filter,
                                        PageRequest page);

  /// Errors: hold_not_found.
  Result<Hold> hold(TenantId tenant, HoldId id);
  /// Errors: account_not_found.
  Result<Paged<Hold>> holds(TenantId tenant, const HoldFilter& filter, PageRequest page);

  /// Postings of one account in the order of the time that the period is of.
  /// Errors: account_not_found; too_many_rows (more than 10,000 backdated postings on the way).
  Result<Statement> statement(TenantId tenant, const AccountRef& ref, const Period& period,
                              PageRequest page);
  /// Counts what was effective at or before `at`, whenever it was written; or what was entered by
  /// then.
  Result<BalanceAt> balance_at(TenantId tenant, const AccountRef& ref, Timestamp at,
                               TimeKind time = TimeKind::effective);

  /// Sums per group and currency, sorted by currency, then group. An account counts when it has the
  /// metadata key asked for, and with `at` when it was open by then or had moved money by then,
  /// with `from` or `to` when it moved money in between. Errors: too_many_rows (more than 10,000
  /// groups), amount_overflow.
  Result<std::vector<GroupRow>> sums(TenantId tenant, const Grouping& grouping,
                                     const GroupFilter& filter);

  /// Rows by type. Errors: amount_overflow.
  Result<TrialBalance> trial_balance(TenantId tenant, const GroupFilter& filter);
  /// A row for each account, sorted by currency, then code, in pages; every page has the totals of
  /// all. Errors: amount_overflow.
  Result<TrialBalance> trial_balance_by_account(TenantId tenant, const GroupFilter& filter,
                                                PageRequest page);

 private:
  sql::Database& database_;
  const Clock& clock_;
};

}  // namespace florin::ledger
