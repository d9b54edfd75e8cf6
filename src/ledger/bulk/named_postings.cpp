#include "ledger/bulk/named_postings.h"

#include <map>

#include "base/try.h"
#include "idempotency/key_store.h"
#include "ledger/bulk/weight.h"
#include "platform/sql/database.h"

namespace florin::ledger::bulk {
namespace {

/// Asked for in one round trip.
constexpr std::size_t asked_together = 250;

constexpr sql::Query postings_of_transfer{
    "ledger.count_postings_of_transfer",
    "SELECT posting_count FROM transfers WHERE id = $1 AND tenant_id = $2"};
constexpr sql::Query postings_of_hold{
    "ledger.count_postings_of_hold",
    "SELECT p.place + 1 FROM holds h JOIN hold_postings p ON p.hold_id = h.id"
    " WHERE h.id = $1 AND h.tenant_id = $2 ORDER BY p.place DESC LIMIT 1"};

/// How often the steps name what is stored already.
struct Named {
  std::map<std::int64_t, std::size_t> transfers, holds;

  void add(const Step& step) {
    if (step.hold_of) return;
    if (const auto* capture = std::get_if<CaptureHold>(&step.body)) ++holds[capture->hold.value];
    if (const auto* release = std::get_if<ReleaseHold>(&step.body)) ++holds[release->hold.value];
    if (const auto* reversal = std::get_if<ReverseTransfer>(&step.body))
      ++transfers[reversal->transfer.value];
  }
};

/// Adds the postings of what is named to those that count already, until they are too many.
Result<void> add_postings(sql::Tx& tx, const sql::Query& query, TenantId tenant,
                          const std::map<std::int64_t, std::size_t>& named, std::size_t& weight) {
  sql::Pipeline pipeline(tx);
  std::size_t asked = 0;
  for (const auto& [id, times] : named) {
    TRY(pipeline.enqueue(query, {id, tenant.value}, [&weight, times = times](const sql::Row& row) {
      weight += times * (static_cast<std::size_t>(row.integer(0)) - 1);  // Each counted as one.
      return false;
    }));
    if (++asked % asked_together != 0) continue;
    TRY(pipeline.sync());
    if (weight > max_postings_at_once) return {};
  }
  return pipeline.sync();
}

}  // namespace

Result<std::optional<Error>> refusal_of(sql::Tx& tx, const Command& command) {
  const auto* bulk = std::get_if<RunSteps>(&command.body);
  if (!bulk) return std::optional<Error>();
  Named named;
  for (const Step& step : bulk->steps) named.add(step);
  std::size_t weight = weight_of(command);
  const TenantId tenant = command.actor.tenant;
  TRY(add_postings(tx, postings_of_transfer, tenant, named.transfers, weight));
  TRY(add_postings(tx, postings_of_hold, tenant, named.holds, weight));
  if (weight <= max_postings_at_once) return std::optional<Error>();
  const bool is_replay =
      command.key && !command.dry_run && TRY(idempotency::find(tx, command.key->digest));
  return is_replay ? std::nullopt : std::optional(too_many_postings(weight));
}

}  // namespace florin::ledger::bulk
