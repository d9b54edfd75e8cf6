#include "ledger/history.h"

#include <utility>

#include "base/try.h"

namespace florin::ledger {

using store::HistoryEntry;
using Walk = std::unique_ptr<HistoryWalk>;

Result<std::optional<HistoryEntry>> WalkBack::next() {
  if (posting_ == 0) return std::optional<HistoryEntry>();
  auto entry = TRY(store::load_history_entry(tx_, account_, posting_));
  posting_ = entry ? entry->side.previous : 0;
  return entry;
}

Result<std::optional<HistoryEntry>> WalkForward::next() {
  if (segment_.empty()) TRY(read_segment());
  if (segment_.empty()) return std::optional<HistoryEntry>();
  HistoryEntry entry = std::move(segment_.back());
  segment_.pop_back();
  after_ = {entry.created_at, entry.side.sequence};
  return std::optional(std::move(entry));
}

Result<void> WalkForward::read_segment() {
  std::int64_t end =
      TRY(store::find_checkpoint_after(tx_, account_, after_.created_at, after_.sequence));
  if (end == 0) end = TRY(store::find_last_posting(tx_, account_, {INT64_MAX}));
  WalkBack back(tx_, account_, end);
  for (;;) {
    auto entry = TRY(back.next());
    if (!entry || entry->side.sequence <= after_.sequence) return {};
    segment_.push_back(*std::move(entry));
  }
}

Result<std::unique_ptr<HistoryWalk>> walk_behind(sql::Tx& tx, AccountId account,
                                                 std::int64_t posting) {
  WalkForward::Place after;
  if (posting != 0) {
    const auto entry = TRY(store::load_history_entry(tx, account, posting));
    if (entry) after = {entry->created_at, entry->side.sequence};
  }
  return Walk(std::make_unique<WalkForward>(tx, account, after));
}

Result<std::unique_ptr<HistoryWalk>> resume_walk(sql::Tx& tx, AccountId account,
                                                 std::int64_t posting, Order order) {
  if (order == Order::newest_first) return Walk(std::make_unique<WalkBack>(tx, account, posting));
  const auto first = TRY(store::load_history_entry(tx, account, posting));
  if (!first) return Walk(std::make_unique<WalkBack>(tx, account, 0));
  const WalkForward::Place before{first->created_at, first->side.sequence - 1};
  return Walk(std::make_unique<WalkForward>(tx, account, before));
}

Result<std::unique_ptr<HistoryWalk>> walk_within(sql::Tx& tx, AccountId account,
                                                 const Period& created, PageRequest page) {
  if (page.start != 0) return resume_walk(tx, account, page.start, page.order);
  if (page.order == Order::oldest_first) {
    const std::int64_t behind =
        created.from ? TRY(store::find_last_posting(tx, account, created.from->plus_us(-1))) : 0;
    return walk_behind(tx, account, behind);
  }
  const Timestamp last = created.to ? created.to->plus_us(-1) : Timestamp{INT64_MAX};
  const std::int64_t start = TRY(store::find_last_posting(tx, account, last));
  return Walk(std::make_unique<WalkBack>(tx, account, start));
}

bool is_behind(Timestamp created_at, const Period& created, Order order) {
  return order == Order::newest_first ? created.is_before(created_at)
                                      : created.is_after(created_at);
}

}  // namespace florin::ledger
