#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "ledger/ledger.h"
#include "reconciliation/reconciliation.h"

namespace florin::reconciliation {

struct RunTag {
  static constexpr std::string_view prefix = "rec";
};
struct ItemTag {
  static constexpr std::string_view prefix = "rit";
};
using RunId = Id<RunTag>;
using ItemId = Id<ItemTag>;

enum class RunStatus : std::uint8_t { queued, running, completed, failed };
std::string_view to_string(RunStatus status);
std::optional<RunStatus> parse_run_status(std::string_view text);

/// A period of a partner, and how its latest comparison went. There is one for each period.
struct Run {
  RunId id;
  TenantId tenant;
  std::string partner;
  Period period;
  RunStatus status = RunStatus::queued;
  std::int64_t attempt = 0;  ///< How often it was begun.
  SideNames names;
  std::optional<std::string> counts;  ///< JSON of the latest comparison that came to its end.
  std::int64_t mismatches = 0;
  bool items_truncated = false;  ///< There were more mismatches than are kept as items.
  std::optional<std::string> error_code, error_detail, report_file;
  std::string requested_by;
  Timestamp created_at;
  std::optional<Timestamp> started_at, finished_at;
};

enum class ItemState : std::uint8_t {
  open,
  explained,  ///< Somebody said why it is so; nothing moves.
  proposed,   ///< A compensating transfer waits for a second pair of eyes.
  resolved,   ///< The transfer was approved and posted.
  cleared     ///< A later comparison did not find it any more.
};
std::string_view to_string(ItemState state);
std::optional<ItemState> parse_item_state(std::string_view text);

/// One mismatch of a run, and what became of it.
struct Item {
  ItemId id;
  TenantId tenant;
  RunId run;
  std::string kind;
  ItemState state = ItemState::open;
  std::string transaction_id;
  std::optional<std::string> ours, theirs;  ///< The entries as JSON.
  std::optional<std::string> note, explained_by;
  std::optional<std::string> proposal, proposed_by;  ///< Postings as JSON.
  std::optional<std::string> decided_by;
  TransferId transfer;
  Timestamp created_at, updated_at;
};

struct PageRequest {
  int limit = 50;
  std::int64_t before = 0;  ///< 0: from the newest.
};

template <class T>
struct Paged {
  std::vector<T> rows;    ///< Newest first.
  std::int64_t next = 0;  ///< Where the next page starts; 0 on the last one.
};

struct ItemFilter {
  std::optional<std::string> kind, transaction_id;
  std::optional<ItemState> state;
};

// What clients see.
std::string to_json(const Entry& entry);
/// What to_json() wrote; nothing for other text.
std::optional<Entry> parse_entry(std::string_view json);
std::string to_json(const Counts& counts, const SideNames& names);
std::string to_json(const Run& run);
std::string to_json(const Item& item);
std::string to_json(const std::vector<ledger::PostingRequest>& postings);

}  // namespace florin::reconciliation
