#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "ledger/ledger_queries.h"
#include "ledger/store/history_store.h"

namespace florin::ledger {

/// Walks along one account's postings, in the order in which they were written or back. A step is a
/// look-up by key. Source: docs/adr/0009.
class HistoryWalk {
 public:
  virtual ~HistoryWalk() = default;
  /// Nothing after the last one.
  virtual Result<std::optional<store::HistoryEntry>> next() = 0;
};

/// From this posting back, itself included; 0: nothing.
class WalkBack final : public HistoryWalk {
 public:
  WalkBack(sql::Tx& tx, AccountId account, std::int64_t posting)
      : tx_(tx), account_(account), posting_(posting) {}
  Result<std::optional<store::HistoryEntry>> next() override;

 private:
  sql::Tx& tx_;
  AccountId account_;
  std::int64_t posting_;
};

/// Forward from what follows the place given: the links lead back only, so it reads from the next
/// checkpoint back to where it is, and gives that range in its order.
class WalkForward final : public HistoryWalk {
 public:
  /// A place in the history: `sequence` counts the account's postings from 1.
  struct Place {
    Timestamp created_at{INT64_MIN};
    std::int64_t sequence = 0;
  };
  WalkForward(sql::Tx& tx, AccountId account, Place after)
      : tx_(tx), account_(account), after_(after) {}
  Result<std::optional<store::HistoryEntry>> next() override;

 private:
  Result<void> read_segment();

  sql::Tx& tx_;
  AccountId account_;
  Place after_;
  std::vector<store::HistoryEntry> segment_;  ///< Backwards.
};

/// Forward from what follows this posting; 0: from the first.
Result<std::unique_ptr<HistoryWalk>> walk_behind(sql::Tx& tx, AccountId account,
                                                 std::int64_t posting);
/// From this posting on, itself included.
Result<std::unique_ptr<HistoryWalk>> resume_walk(sql::Tx& tx, AccountId account,
                                                 std::int64_t posting, Order order);
/// Begins where the page starts, or else with the first posting created in the period. The caller
/// ends the walk: see is_behind.
Result<std::unique_ptr<HistoryWalk>> walk_within(sql::Tx& tx, AccountId account,
                                                 const Period& created, PageRequest page);
/// Whether nothing from this time of creation on, in this order, is in the period.
bool is_behind(Timestamp created_at, const Period& created, Order order);

}  // namespace florin::ledger
