#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "ledger/engine/engine.h"
#include "platform/crypto/seal_key.h"

namespace florin::sql {
class Pipeline;
class Tx;
}  // namespace florin::sql

/// The hash chain over the log of transfers and hold changes: each batch of decisions is a link,
/// hash = seal(previous hash, the link's own columns, canonical bytes of its records in the order
/// of their ids). A database without a key has plain links: SHA-256(previous hash, canonical
/// bytes).
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

struct Link {
  std::int64_t chain = 0, sequence = 0, first_id = 0, last_id = 0, records = 0, created_at_us = 0;
  std::string hash;
};
/// Plain links and links with a key differ in length.
bool is_keyed(std::string_view hash);
/// `previous` is empty before the first link; `link.hash` is ignored.
std::string link_hash(const crypto::SealKey* key, std::string_view previous, const Link& link,
                      std::string_view canonical);
crypto::SealKey::Fit check_link(const crypto::SealKey* key, std::string_view previous,
                                const Link& link, std::string_view canonical);

/// Visits the numbers of all chains in their order; false when one is no number (SQLite takes text
/// into the column), which is behind every number and ends the walk.
Result<bool> visit_all(sql::Tx& tx, const std::function<Result<void>(std::int64_t)>& visit);

/// A chain's newest link; empty before the first.
struct Head {
  std::int64_t sequence = 0;
  std::string hash;
};
/// `head` is filled in when the pipeline is synced.
Result<void> enqueue_head(sql::Pipeline& pipeline, std::int64_t chain, Head& head);

/// Adds the link of a batch to the writer's chain, whose head it is, in the batch's transaction.
/// Nothing for a batch without records.
Result<void> extend(sql::Tx& tx, std::int64_t chain, const Head& head,
                    const engine::Changes& changes, Timestamp now);

}  // namespace florin::ledger::chain
