#pragma once

#include <chrono>
#include <thread>
#include <utility>

#include "base/try.h"
#include "ledger/bulk/bulk_store.h"
#include "ledger/errors.h"
#include "platform/sql/database.h"

namespace florin::ledger {

/// Nobody waits longer than this for a bulk: the caller's own thread serves others, too.
inline constexpr int patience_ms = 200;
inline constexpr int between_looks_ms = 20;

/// Reads when no bulk of the tenant is being written out: its balances have moved, and its postings
/// are not all there. Errors: ledger_busy.
template <class Work>
auto read_settled(sql::Database& database, TenantId tenant, const Work& work)
    -> decltype(work(std::declval<sql::Tx&>())) {
  for (int waited_ms = 0;; waited_ms += between_looks_ms) {
    bool is_settled = true;
    auto result = database.read([&](sql::Tx& tx) -> decltype(work(tx)) {
      is_settled = !TRY(bulk::store::is_writing_out(tx, tenant));
      if (is_settled) return work(tx);
      return Error{errors::ledger_busy, "a large bulk is being written; ask again", {}, 1};
    });
    if (is_settled || waited_ms >= patience_ms) return result;
    std::this_thread::sleep_for(std::chrono::milliseconds(between_looks_ms));
  }
}

}  // namespace florin::ledger
