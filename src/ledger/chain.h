#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"
#include "ledger/engine/engine.h"
#include "platform/crypto/hash.h"

namespace florin::sql {
class Questions;
class Tx;
}  // namespace florin::sql

/// The hash chain over the log of transfers and hold changes: each batch of decisions is a link,
/// hash = SHA-256(previous hash, canonical bytes of its records in the order of their ids).
namespace florin::ledger::chain {

/// Canonical bytes: fixed-width little-endian integers, texts with their length before them. Part
/// of the stored format: changing them breaks every chain written before.
void append_canonical(std::string& out, const Transfer& transfer);

struct HoldRecord {
  std::int64_t id = 0;
  HoldId hold;
  engine::HoldChangeKind kind = engine::HoldChangeKind::placed;
  TransferId transfer;
  Timestamp at;
};
/// A placed hold's record carries what was held; `hold` is read for those alone.
void append_canonical(std::string& out, const HoldRecord& record, const Hold& hold);

crypto::Sha256 link_hash(const crypto::Sha256& previous, std::string_view canonical);

/// A chain's newest link; zeros before the first.
struct Head {
  std::int64_t sequence = 0;
  crypto::Sha256 hash{};
};
/// `head` is filled in when the questions are settled.
Result<void> ask_head(sql::Questions& questions, std::int64_t chain, Head& head);

/// Adds the link of a batch to the writer's chain, whose head it is, in the batch's transaction.
/// Nothing for a batch without records.
Result<void> extend(sql::Tx& tx, std::int64_t chain, const Head& head,
                    const engine::Changes& changes, Timestamp now);

}  // namespace florin::ledger::chain
