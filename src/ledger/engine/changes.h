#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/actor.h"
#include "idempotency/key.h"
#include "ledger/engine/account_state.h"
#include "ledger/ledger.h"

/// What the engine decided, as rows to write.
namespace florin::ledger::engine {

/// Every 64th posting of an account leaves a checkpoint, from which its history is found quickly.
inline constexpr std::int64_t checkpoint_interval = 64;

struct HistoryCheckpoint {
  AccountId account;
  std::int64_t sequence = 0;
  std::int64_t posting = 0;
  Timestamp created_at;
};

/// One side of a posting: its place in the account's history.
struct PostingSide {
  std::int64_t previous = 0;  ///< The account's posting before this one; 0: none.
  std::int64_t sequence = 0;  ///< 1 for the account's first posting.
  std::int64_t balance = 0;   ///< Posted balance after it, in the normal direction.
};

struct PostingRow {
  std::int64_t id = 0;  ///< The transfer's id plus the posting's place in it.
  TransferId transfer;
  Posting posting;
  PostingSide debit, credit;
};

struct PostedTransfer {
  Transfer transfer;
  const Actor* actor = nullptr;  ///< Of the command; lives as long as the batch.
};

enum class HoldChangeKind : std::uint8_t { placed, captured, released, expired };
std::string_view to_string(HoldChangeKind kind);

struct HoldChange {
  std::int64_t id = 0;
  HoldChangeKind kind = HoldChangeKind::placed;
  TransferId transfer;  ///< Of a capture.
  Hold after;
  Timestamp at;
  const Actor* actor = nullptr;
};

/// A transfer opened an account again, or closed it.
struct StatusChange {
  AccountId account;
  Sums sums;  ///< As it was then: before the money of the transfer moved, or after it.
  bool closed = false;
  Timestamp at;
  const Actor* actor = nullptr;
};

using KeyRow = idempotency::Entry;

/// The rows to write, each list in the order of ids.
struct Changes {
  std::vector<PostedTransfer> transfers;
  std::vector<PostingRow> postings;
  std::vector<HoldChange> hold_changes;
  std::vector<HistoryCheckpoint> checkpoints;
  std::vector<KeyRow> keys;
  std::vector<StatusChange> status_changes;
  std::vector<AccountState*> accounts;  ///< Touched ones, each once.
  bool empty() const { return transfers.empty() && hold_changes.empty() && keys.empty(); }
};

}  // namespace florin::ledger::engine
