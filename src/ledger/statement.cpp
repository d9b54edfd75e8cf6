// Statements of an account, by the time of entry or by the effective time.
//
// By the time of entry its postings lie in the order of its history. By the effective time they are
// two ordered lists: those that took effect when they were entered, again in the order of the
// history, and the backdated ones, which have an index by the time that they are backdated to.
#include "ledger/statement.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/try.h"
#include "ledger/errors.h"
#include "ledger/history.h"
#include "ledger/store/history_store.h"

namespace florin::ledger {
namespace {

using sql::Tx;
using store::EffectivePlace;
using store::HistoryEntry;

/// So many backdated postings may be passed by on the way along the history.
constexpr int max_passed_by = 10'000;

StatementEntry to_statement_entry(const HistoryEntry& entry, std::int64_t balance_minor) {
  return {entry.transfer,     entry.kind,         entry.is_debit,  entry.amount_minor,
          balance_minor,      entry.counterparty, entry.reference, entry.description,
          entry.effective_at, entry.created_at};
}

bool is_on_time(const HistoryEntry& entry) { return entry.effective_at == entry.created_at; }

EffectivePlace place_of(const HistoryEntry& entry) {
  return {entry.effective_at, entry.side.sequence};
}

/// What the posting does to the balance in its normal direction.
std::int64_t change_of(AccountType type, const HistoryEntry& entry) {
  return entry.is_debit == is_debit_normal(type) ? entry.amount_minor : -entry.amount_minor;
}

/// The balance when `base`, the last posting entered by then, and what was backdated to at or
/// before `upto` later have taken effect.
Result<std::int64_t> balance_at_place(Tx& tx, const Account& account, EffectivePlace upto,
                                      std::int64_t base) {
  std::int64_t balance = 0;
  std::int64_t sequence = 0;
  if (base != 0) {
    if (const auto entry = TRY(store::load_history_entry(tx, account.id, base))) {
      balance = entry->side.balance;
      sequence = entry->side.sequence;
    }
  }
  const Sums later = TRY(store::backdated_sums(tx, account.id, upto, sequence));
  return balance + balance_of(account.type, later);
}

Result<void> read_by_entry(Tx& tx, Statement& statement, const Period& period, PageRequest page) {
  const auto walk = TRY(walk_within(tx, statement.account.id, period, page));
  Paged<StatementEntry>& entries = statement.entries;
  while (auto entry = TRY(walk->next())) {
    if (is_behind(entry->created_at, period, page.order)) break;
    if (entries.rows.size() == static_cast<std::size_t>(page.limit)) {
      entries.next = entry->posting_id;
      break;
    }
    entries.rows.push_back(to_statement_entry(*entry, entry->side.balance));
  }
  return {};
}

/// A page by the effective time.
class EffectivePage {
 public:
  EffectivePage(Tx& tx, Statement& statement, PageRequest page)
      : tx_(tx), statement_(statement), page_(page) {}

  Result<void> read(const Period& period) {
    if (period.from) low_ = {*period.from, 0};
    if (period.to) high_ = {period.to->plus_us(-1), INT64_MAX};
    std::optional<HistoryEntry> first;
    if (page_.start != 0) {
      first = TRY(store::load_history_entry(tx_, account().id, page_.start));
      if (!first) return {};
      (is_back() ? high_ : low_) = place_of(*first);
    }
    TRY(begin(first));
    backdated_ =
        TRY(store::find_backdated(tx_, account().id, {low_, high_, page_.order, page_.limit + 1}));
    TRY(advance());
    return merge();
  }

 private:
  const Account& account() const { return statement_.account; }
  bool is_back() const { return page_.order == Order::newest_first; }

  /// Where the walk along the history begins, and with which balance.
  Result<void> begin(const std::optional<HistoryEntry>& first) {
    const bool is_resumed_on_time = first && is_on_time(*first);
    const AccountId id = account().id;
    if (is_back()) {
      const std::int64_t base = is_resumed_on_time
                                    ? first->posting_id
                                    : TRY(store::find_last_posting(tx_, id, high_.effective_at));
      walk_ = std::make_unique<WalkBack>(tx_, id, base);
      balance_ = TRY(balance_at_place(tx_, account(), high_, base));
      return {};
    }
    if (is_resumed_on_time) {
      walk_ = TRY(resume_walk(tx_, id, first->posting_id, page_.order));
      balance_ = TRY(balance_at_place(tx_, account(), low_, first->posting_id));
    } else {
      // What was entered at the very time that a posting is backdated to comes before it.
      const Timestamp at = first ? low_.effective_at : low_.effective_at.plus_us(-1);
      const std::int64_t base = TRY(store::find_last_posting(tx_, id, at));
      walk_ = TRY(walk_behind(tx_, id, base));
      balance_ = TRY(balance_at_place(tx_, account(), low_, base));
    }
    if (first) balance_ -= change_of(account().type, *first);
    return {};
  }

  /// The next that took effect when it was entered.
  Result<void> advance() {
    while (auto entry = TRY(walk_->next())) {
      const bool is_over = is_back() ? entry->created_at < low_.effective_at
                                     : entry->created_at > high_.effective_at;
      if (is_over) break;
      if (is_on_time(*entry)) {
        on_time_ = std::move(entry);
        return {};
      }
      if (++passed_by_ > max_passed_by) {
        return Error{errors::too_many_rows,
                     "more than 10000 backdated postings were entered in this period; ask for a "
                     "shorter one, or with time=created"};
      }
    }
    on_time_.reset();
    return {};
  }

  bool comes_first(const EffectivePlace& a, const EffectivePlace& b) const {
    return is_back() ? b < a : a < b;
  }

  /// The next of both lists.
  Result<std::optional<HistoryEntry>> next() {
    const bool has_backdated = place_ < backdated_.size();
    if (on_time_ &&
        (!has_backdated || comes_first(place_of(*on_time_), backdated_[place_].place))) {
      std::optional<HistoryEntry> entry = std::move(on_time_);
      TRY(advance());
      return entry;
    }
    if (!has_backdated) return std::optional<HistoryEntry>();
    return store::load_history_entry(tx_, account().id, backdated_[place_++].posting_id);
  }

  Result<void> merge() {
    Paged<StatementEntry>& entries = statement_.entries;
    while (auto entry = TRY(next())) {
      if (entries.rows.size() == static_cast<std::size_t>(page_.limit)) {
        entries.next = entry->posting_id;
        return {};
      }
      const std::int64_t change = change_of(account().type, *entry);
      if (!is_back()) balance_ += change;
      entries.rows.push_back(to_statement_entry(*entry, balance_));
      if (is_back()) balance_ -= change;
    }
    return {};
  }

  Tx& tx_;
  Statement& statement_;
  PageRequest page_;
  EffectivePlace low_{{0}, 0};  ///< Both included.
  EffectivePlace high_{{INT64_MAX}, INT64_MAX};
  std::unique_ptr<HistoryWalk> walk_;
  std::optional<HistoryEntry> on_time_;
  std::vector<store::BackdatedPosting> backdated_;
  std::size_t place_ = 0;     ///< In backdated_.
  std::int64_t balance_ = 0;  ///< After the next entry when walking back, else before it.
  int passed_by_ = 0;
};

}  // namespace

Result<std::int64_t> posted_balance_at(Tx& tx, const Account& account, Timestamp at,
                                       TimeKind time) {
  const std::int64_t base = TRY(store::find_last_posting(tx, account.id, at));
  if (time == TimeKind::effective) return balance_at_place(tx, account, {at, INT64_MAX}, base);
  if (base == 0) return std::int64_t{0};
  const auto entry = TRY(store::load_history_entry(tx, account.id, base));
  return entry ? entry->side.balance : 0;
}

Result<Statement> read_statement(Tx& tx, Account account, const Period& period, PageRequest page) {
  Statement statement{std::move(account), 0, 0, {}};
  const Account& of = statement.account;
  if (period.from) {
    statement.opening_minor = TRY(posted_balance_at(tx, of, period.from->plus_us(-1), period.time));
  }
  if (!period.to) {
    statement.closing_minor = balance_of(of.type, of.sums);
  } else if (period.from && *period.to <= *period.from) {
    statement.closing_minor = statement.opening_minor;  // A period of no length.
  } else {
    statement.closing_minor = TRY(posted_balance_at(tx, of, period.to->plus_us(-1), period.time));
  }
  if (period.time == TimeKind::created) {
    TRY(read_by_entry(tx, statement, period, page));
  } else {
    TRY(EffectivePage(tx, statement, page).read(period));
  }
  return statement;
}

}  // namespace florin::ledger
