#pragma once
#include <span>

#include "base/result.h"
#include "ledger/engine/engine.h"

namespace florin::sql {
class Pipeline;
class Tx;
}  // namespace florin::sql

namespace florin::ledger {
struct BatchItem;

/// Loads what a whole batch of commands looks at with a few statements, and locks its accounts in
/// the order of their ids: the way of PostgreSQL. Fills in the ids of accounts named by code.
/// Syncs the pipeline, with what was enqueued before.
Result<void> prefetch(sql::Tx& tx, sql::Pipeline& pipeline, std::span<BatchItem> batch,
                      engine::PrefetchedState& state);

}  // namespace florin::ledger
