#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "reconciliation/rows.h"

namespace florin::sql {
class Tx;
}

/// The rows of runs and items. Functions of a unit of work; errors are those of the store.
namespace florin::reconciliation::store {

Result<std::optional<Run>> find_run(sql::Tx& tx, RunId id);  ///< For work on all tenants' runs.
Result<std::optional<Run>> find_run(sql::Tx& tx, TenantId tenant, RunId id);
Result<std::optional<Run>> find_run_of(sql::Tx& tx, TenantId tenant, std::string_view partner,
                                       const Period& period);
Result<void> insert_run(sql::Tx& tx, const Run& run);
/// Everything of the run that may change.
Result<void> update_run(sql::Tx& tx, const Run& run);
/// Whoever begins a run raises its attempt: one that was paused meanwhile must write nothing more.
/// Errors: reconciliation_running.
Result<void> require_attempt(sql::Tx& tx, const Run& run);
/// Runs that are queued or were left running, oldest first.
Result<std::vector<RunId>> unfinished(sql::Tx& tx);
Result<Paged<Run>> runs(sql::Tx& tx, TenantId tenant, const std::optional<std::string>& partner,
                        const PageRequest& page);

/// Adds the item, or updates the one with its fingerprint, which keeps what was decided as long as
/// the entries are the same.
Result<void> record(sql::Tx& tx, const Item& found);
/// Undecided items that this attempt did not see are cleared.
Result<void> clear_unseen(sql::Tx& tx, RunId run, std::int64_t attempt, Timestamp now);

Result<std::optional<Item>> find_item(sql::Tx& tx, TenantId tenant, ItemId id);
Result<void> update_item(sql::Tx& tx, const Item& item);
Result<Paged<Item>> items(sql::Tx& tx, const Run& run, const ItemFilter& filter,
                          const PageRequest& page);
/// All of a run, oldest first.
Result<void> visit_items(sql::Tx& tx, const Run& run,
                         const std::function<void(const Item&)>& visit);

}  // namespace florin::reconciliation::store
