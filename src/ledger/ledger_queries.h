#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/ledger.h"

namespace florin::sql {
class Database;
}

namespace florin::ledger {

/// Which of a transfer's two times is meant: when it was entered (`created_at`), or when it counts
/// (`effective_at`).
enum class TimeKind : std::uint8_t { created, effective };
std::string_view to_string(TimeKind time);

/// A page of a list, newest first. `next` is where the following page starts; 0: there is none.
template <class T>
struct Paged {
  std::vector<T> rows;
  std::int64_t next = 0;
};

struct PageRequest {
  int limit = 50;
  std::int64_t start = 0;  ///< `next` of the page before; 0: from the newest.
};

struct AccountFilter {
  std::optional<AccountType> type;
  std::optional<Currency> currency;
  std::optional<std::string> code_prefix;
};

struct TransferFilter {
  std::optional<std::string> reference;
  std::optional<AccountRef> account;
  std::optional<Timestamp> from, to;  ///< from <= created_at < to
};

struct TransferView {
  Transfer transfer;
  TransferId reversed_by;
};

struct StatementEntry {
  TransferId transfer;
  TransferKind kind = TransferKind::transfer;
  bool is_debit = false;
  std::int64_t amount_minor = 0;
  std::int64_t balance_minor = 0;  ///< Posted balance after it, in the normal direction.
  AccountId counterparty;
  std::optional<std::string> reference, description;
  Timestamp effective_at, created_at;
};

struct Statement {
  Account account;
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
  /// A page looks at 100,000 rows at most: with a rare filter it may come back short, or empty,
  /// with `next`.
  Result<Paged<Account>> accounts(TenantId tenant, const AccountFilter& filter, PageRequest page);

  /// Errors: transfer_not_found.
  Result<TransferView> transfer(TenantId tenant, TransferId id);
  /// Errors: account_not_found.
  Result<Paged<TransferView>> transfers(TenantId tenant, const TransferFilter& filter,
                                        PageRequest page);

  /// Errors: hold_not_found.
  Result<Hold> hold(TenantId tenant, HoldId id);
  Result<Paged<Hold>> holds(TenantId tenant, std::optional<HoldStatus> status, PageRequest page);

  /// Postings of one account with from <= created_at < to, newest first.
  Result<Statement> statement(TenantId tenant, const AccountRef& ref, std::optional<Timestamp> from,
                              std::optional<Timestamp> to, PageRequest page);
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
