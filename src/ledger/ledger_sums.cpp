// Sums over many accounts or transfers: aggregates and the trial balance.
#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/try.h"
#include "ledger/errors.h"
#include "ledger/ledger_queries.h"
#include "ledger/metadata.h"
#include "ledger/settled_read.h"
#include "ledger/store/account_store.h"
#include "ledger/store/transfer_store.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

using sql::Tx;

constexpr std::size_t max_groups = 10'000;
constexpr std::size_t transfers_at_once = 1'000;

/// Every account's sums fit into 64 bits, those of many accounts need not.
__extension__ using Wide = __int128;

struct WideSums {
  std::int64_t count = 0;
  Wide debits = 0, credits = 0, balance = 0;

  void add(AccountType type, const Sums& sums) {
    ++count;
    debits += sums.debits_posted;
    credits += sums.credits_posted;
    balance += balance_of(type, sums);
  }
};

/// The sum as it goes out, or amount_overflow that names it: "the debits of asset in KRW".
Result<std::int64_t> narrow(Wide sum, std::string_view what, const std::string& of) {
  if (sum >= INT64_MIN && sum <= INT64_MAX) return static_cast<std::int64_t>(sum);
  return Error{errors::amount_overflow, "the " + std::string(what) + " of " + of +
                                            " do not fit into 64 bits of minor units"};
}

Result<void> narrow_into(GroupRow& row, const WideSums& sums) {
  const std::string of = row.group + " in " + std::string(row.currency.code());
  row.count = sums.count;
  row.debits = TRY(narrow(sums.debits, "debits", of));
  row.credits = TRY(narrow(sums.credits, "credits", of));
  row.balance = TRY(narrow(sums.balance, "balances", of));
  return {};
}

/// The first `segments` parts of a code, split at ':'.
std::string code_group(std::string_view code, int segments) {
  std::size_t end = 0;
  for (int i = 0; i < segments && end != std::string_view::npos; ++i) {
    end = code.find(':', i == 0 ? 0 : end + 1);
  }
  return std::string(code.substr(0, end));
}

std::optional<std::string> group_of(const Account& account, const Grouping& grouping) {
  switch (grouping.by) {
    case Grouping::By::type:
      return std::string(to_word(account.type));
    case Grouping::By::currency:
      return std::string(account.currency.code());
    case Grouping::By::code_segments:
      return code_group(account.code, grouping.segments);
    case Grouping::By::account_metadata:
      return metadata_group(account.metadata, grouping.key);
    case Grouping::By::transfer_metadata:
      break;
  }
  return std::nullopt;
}

/// Sums per currency and group.
class Groups {
 public:
  WideSums& of(Currency currency, const std::string& group) {
    return sums_[{std::string(currency.code()), group}];
  }
  bool too_many() const { return sums_.size() > max_groups; }

  Result<std::vector<GroupRow>> finish() const {
    if (too_many())
      return Error{errors::too_many_rows, "more than 10000 groups; narrow them with the filters"};
    std::vector<GroupRow> rows;
    rows.reserve(sums_.size());
    for (const auto& [key, sums] : sums_) {
      rows.push_back({key.second, {}, *Currency::parse(key.first)});
      TRY(narrow_into(rows.back(), sums));
    }
    return rows;
  }

 private:
  std::map<std::pair<std::string, std::string>, WideSums> sums_;
};

using Movements = std::unordered_map<AccountId, Sums>;

/// What each account moved within the window. No sum can pass the account's own of all time.
Result<Movements> movements_within(Tx& tx, TenantId tenant, const store::Window& window) {
  Movements moved;
  TRY(store::visit_postings_within(tx, tenant, window, [&](const engine::PostingRow& row) {
    moved[row.posting.debit].debits_posted += row.posting.amount.minor;
    moved[row.posting.credit].credits_posted += row.posting.amount.minor;
    return true;
  }));
  return moved;
}

bool matches(const Account& account, const GroupFilter& filter) {
  return (!filter.type || account.type == *filter.type) &&
         (!filter.currency || account.currency == *filter.currency) &&
         (!filter.code_prefix || account.code.starts_with(*filter.code_prefix));
}

/// The sums of each account that the filter asks for.
class AccountSums {
 public:
  static Result<AccountSums> load(Tx& tx, TenantId tenant, const GroupFilter& filter) {
    AccountSums sums(filter);
    constexpr Timestamp end{INT64_MAX};
    store::Window window{filter.time == TimeKind::effective, {INT64_MIN}, end};
    if (filter.from) {
      window.from = *filter.from;
      window.to = filter.to.value_or(end);
    } else if (filter.to) {
      window.from = *filter.to;
    } else if (filter.at) {
      window.from = filter.at->plus_us(1);
    } else {
      return sums;
    }
    sums.moved_ = TRY(movements_within(tx, tenant, window));
    return sums;
  }

  /// Nothing when the account does not count.
  std::optional<Sums> of(const Account& account) const {
    if (!matches(account, filter_)) return std::nullopt;
    const auto found = moved_.find(account.id);
    const Sums moved = found == moved_.end() ? Sums{} : found->second;
    Sums sums = moved;
    if (!filter_.from) {
      sums.debits_posted = account.sums.debits_posted - moved.debits_posted;
      sums.credits_posted = account.sums.credits_posted - moved.credits_posted;
    }
    const bool has_moved = sums.debits_posted != 0 || sums.credits_posted != 0;
    if (filter_.from || filter_.to) return has_moved ? std::optional(sums) : std::nullopt;
    const bool was_open = !filter_.at || account.created_at <= *filter_.at;
    return was_open || has_moved ? std::optional(sums) : std::nullopt;
  }

 private:
  explicit AccountSums(const GroupFilter& filter) : filter_(filter) {}

  const GroupFilter& filter_;
  Movements moved_;  ///< From `from` on, or after `to` or `at`.
};

Result<std::vector<GroupRow>> sums_of_accounts(Tx& tx, TenantId tenant, const Grouping& grouping,
                                               const GroupFilter& filter) {
  const AccountSums sums = TRY(AccountSums::load(tx, tenant, filter));
  // With one type to a group its balance has a normal direction.
  const bool typed = grouping.by == Grouping::By::type;
  Groups groups;
  TRY(store::visit_accounts(tx, tenant, {}, [&](const Account& account) {
    const auto counted = sums.of(account);
    const auto group = counted ? group_of(account, grouping) : std::nullopt;
    if (!group) return true;
    groups.of(account.currency, *group)
        .add(typed ? account.type : AccountType::liability, *counted);
    return !groups.too_many();
  }));
  return groups.finish();
}

bool within(const Transfer& transfer, const GroupFilter& filter) {
  const Timestamp time =
      filter.time == TimeKind::effective ? transfer.effective_at : transfer.created_at;
  return (!filter.from || time >= *filter.from) && (!filter.to || time < *filter.to);
}

struct Member {
  TransferId id;
  std::string group;
};

void add_transfer(Groups& groups, const Member& member, const Transfer& transfer,
                  const GroupFilter& filter) {
  std::vector<const WideSums*> counted;  // One for each currency of the transfer.
  for (const Posting& posting : transfer.postings) {
    if (filter.currency && posting.amount.currency != *filter.currency) continue;
    WideSums& sums = groups.of(posting.amount.currency, member.group);
    if (std::find(counted.begin(), counted.end(), &sums) == counted.end()) {
      ++sums.count;
      counted.push_back(&sums);
    }
    sums.debits += posting.amount.minor;
    sums.credits += posting.amount.minor;
  }
}

Result<std::vector<GroupRow>> sums_of_transfers(Tx& tx, TenantId tenant, const Grouping& grouping,
                                                const GroupFilter& filter) {
  // One statement is open at a time: first who is in which group, then their postings, a piece of
  // the list after another.
  Groups groups;
  store::IdRange rest;
  do {
    std::vector<Member> members;
    std::int64_t last = 0;
    TRY(store::visit_transfers(tx, tenant, rest, [&](const Transfer& transfer) {
      last = transfer.id.value;
      auto group = within(transfer, filter)
                       ? metadata_group(transfer.details.metadata, grouping.key)
                       : std::nullopt;
      if (group) members.push_back({transfer.id, *std::move(group)});
      return members.size() < transfers_at_once;
    }));
    rest.high = members.size() < transfers_at_once ? 0 : last - 1;
    for (const Member& member : members) {
      const auto transfer = TRY(store::load_transfer(tx, tenant, member.id));
      if (transfer) add_transfer(groups, member, *transfer, filter);
      if (groups.too_many()) return groups.finish();
    }
  } while (rest.high != 0);
  return groups.finish();
}

/// Adds the totals of each currency up.
class Totals {
 public:
  void add(Currency currency, Wide debits, Wide credits) {
    WideSums& sums = sums_[std::string(currency.code())];
    sums.debits += debits;
    sums.credits += credits;
  }
  /// The totals, with the rows of their currency.
  Result<std::vector<TrialBalanceSection>> finish(std::vector<GroupRow> rows) const {
    std::vector<TrialBalanceSection> sections;
    for (const auto& [code, sums] : sums_) {
      const std::string of = "all accounts in " + code;
      TrialBalanceSection section{*Currency::parse(code), 0, 0, {}};
      section.debits = TRY(narrow(sums.debits, "debits", of));
      section.credits = TRY(narrow(sums.credits, "credits", of));
      for (GroupRow& row : rows)
        if (row.currency == section.currency) section.rows.push_back(std::move(row));
      sections.push_back(std::move(section));
    }
    return sections;
  }

 private:
  std::map<std::string, WideSums> sums_;
};

/// The accounts of one page, out of all of them in the order of currency and code.
class AccountPage {
 public:
  using Place = std::pair<std::string, std::string>;
  static Place place_of(const Account& account) {
    return {std::string(account.currency.code()), account.code};
  }

  AccountPage(std::optional<Place> after, int limit)
      : after_(std::move(after)), size_(static_cast<std::size_t>(limit)) {}

  void add(const Account& account, const Sums& sums) {
    Place place = place_of(account);
    if (after_ && place <= *after_) return;
    if (rows_.size() > size_ && place > rows_.rbegin()->first) return;
    GroupRow row{account.code, account, account.currency, 1};
    row.debits = sums.debits_posted;
    row.credits = sums.credits_posted;
    row.balance = balance_of(account.type, sums);
    rows_.emplace(std::move(place), std::move(row));
    if (rows_.size() > size_ + 1) rows_.erase(std::prev(rows_.end()));
  }
  std::vector<GroupRow> finish(std::int64_t& next) && {
    std::vector<GroupRow> rows;
    for (auto& [place, row] : rows_) rows.push_back(std::move(row));
    if (rows.size() > size_) {
      rows.pop_back();
      next = rows.back().account->id.value;
    }
    return rows;
  }

 private:
  std::optional<Place> after_;
  std::size_t size_;
  std::map<Place, GroupRow> rows_;  ///< One more than a page.
};

}  // namespace

Result<std::vector<GroupRow>> LedgerQueries::sums(TenantId tenant, const Grouping& grouping,
                                                  const GroupFilter& filter) {
  return read_settled(database_, tenant, [&](Tx& tx) {
    return grouping.by == Grouping::By::transfer_metadata
               ? sums_of_transfers(tx, tenant, grouping, filter)
               : sums_of_accounts(tx, tenant, grouping, filter);
  });
}

Result<TrialBalance> LedgerQueries::trial_balance(TenantId tenant, const GroupFilter& filter) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<TrialBalance> {
    auto rows = TRY(sums_of_accounts(tx, tenant, {}, filter));
    Totals totals;
    for (const GroupRow& row : rows) totals.add(row.currency, row.debits, row.credits);
    return TrialBalance{TRY(totals.finish(std::move(rows))), 0};
  });
}

Result<TrialBalance> LedgerQueries::trial_balance_by_account(TenantId tenant,
                                                             const GroupFilter& filter,
                                                             PageRequest page) {
  return read_settled(database_, tenant, [&](Tx& tx) -> Result<TrialBalance> {
    std::optional<AccountPage::Place> after;
    if (page.start != 0) {
      after = AccountPage::place_of(TRY(store::require_account(tx, tenant, {{page.start}, {}})));
    }
    const AccountSums sums = TRY(AccountSums::load(tx, tenant, filter));
    AccountPage rows(std::move(after), page.limit);
    Totals totals;
    TRY(store::visit_accounts(tx, tenant, {}, [&](const Account& account) {
      const auto counted = sums.of(account);
      if (!counted) return true;
      totals.add(account.currency, counted->debits_posted, counted->credits_posted);
      rows.add(account, *counted);
      return true;
    }));
    TrialBalance result;
    result.sections = TRY(totals.finish(std::move(rows).finish(result.next)));
    return result;
  });
}

}  // namespace florin::ledger
