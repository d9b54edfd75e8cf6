#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/page.h"
#include "base/words.h"
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
constexpr auto words_of(RunStatus) {
  return std::to_array<Word<RunStatus>>({{RunStatus::queued, "queued"},
                                         {RunStatus::running, "running"},
                                         {RunStatus::completed, "completed"},
                                         {RunStatus::failed, "failed"}});
}

/// A partner's period and the result of its latest comparison. Each period has one.
struct Run {
  RunId id;
  TenantId tenant;
  std::string partner;
  Period period = {};
  RunStatus status = RunStatus::queued;
  std::int64_t attempt = 0;  ///< Number of starts.
  SideNames names;
  std::optional<std::string> counts;  ///< JSON, of the latest comparison that was completed.
  std::int64_t mismatches = 0;
  bool items_truncated = false;  ///< Not all mismatches were kept as items.
  std::optional<std::string> error_code, error_detail, report_file;
  std::string requested_by;
  Timestamp created_at;
  std::optional<Timestamp> started_at, finished_at;
};

enum class ItemStatus : std::uint8_t {
  open,
  explained,  ///< Somebody gave the reason; no money moves.
  proposed,   ///< A compensating transfer waits for approval.
  resolved,   ///< The transfer was approved and posted.
  cleared     ///< A later comparison no longer found it.
};
constexpr auto words_of(ItemStatus) {
  return std::to_array<Word<ItemStatus>>({{ItemStatus::open, "open"},
                                          {ItemStatus::explained, "explained"},
                                          {ItemStatus::proposed, "proposed"},
                                          {ItemStatus::resolved, "resolved"},
                                          {ItemStatus::cleared, "cleared"}});
}

/// A posting of a compensating transfer.
struct ProposedPosting {
  ledger::AccountRef debit, credit;
  Money amount;
};

/// One mismatch of a run and the decisions about it.
struct Item {
  ItemId id;
  TenantId tenant;
  RunId run;
  std::string kind;
  ItemStatus status = ItemStatus::open;
  std::string transaction_id;
  std::optional<Entry> ours, theirs;
  std::optional<std::string> note, explained_by;
  std::optional<std::vector<ProposedPosting>> proposal;
  std::optional<std::string> proposed_by, decided_by;
  std::optional<TransferId> transfer;
  Timestamp created_at, updated_at;
  std::string fingerprint;        ///< Of kind and transaction: the same for the same difference.
  std::int64_t seen_attempt = 0;  ///< The attempt of the run that found it last.
};

struct ItemFilter {
  std::optional<std::string> kind, transaction_id;
  std::optional<ItemStatus> status;
};

}  // namespace florin::reconciliation
