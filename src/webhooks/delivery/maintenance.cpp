#include "webhooks/delivery/maintenance.h"

#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "platform/sql/database.h"
#include "webhooks/delivery/metrics.h"
#include "webhooks/delivery/outbox_store.h"
#include "webhooks/endpoints/endpoint_store.h"
#include "webhooks/endpoints/endpoints.h"
#include "webhooks/settings.h"

namespace florin::webhooks {
namespace {

/// Small units of work that do not delay others, and enough of them to keep up with any load.
constexpr int rows_per_piece = 500;
constexpr int max_pieces = 60;
constexpr std::int64_t day_s = 24 * 3'600;

std::string summary(std::int64_t count, std::string_view what) {
  return count == 0 ? std::string() : std::to_string(count) + " " + std::string(what);
}

}  // namespace

std::vector<jobs::Job> Maintenance::jobs() {
  return {
      {"webhooks.disable_failing", "Disables webhook endpoints that have failed for days.", 60'000,
       [this] { return disable_failing(); }, true},
      {"webhooks.remove_old", "Removes webhook deliveries past their retention.", 5'000,
       [this] { return remove_old(); }, true},
      {"webhooks.measure_backlog", "Counts pending webhook deliveries.", 5'000,
       [this] { return measure_backlog(); }},
  };
}

Result<std::string> Maintenance::disable_failing() {
  const std::int64_t limit_us = parts_.settings.disable_after_s * 1'000'000;
  const auto failing = TRY(
      parts_.database.read([&](sql::Tx& tx) { return parts_.store.failing_for(tx, limit_us); }));
  for (const Endpoint& endpoint : failing) {
    auto change = parts_.changes.announce();
    change.of(endpoint.id);
    TRY(parts_.database.write([&](sql::Tx& tx) -> Result<void> {
      auto current = TRY(parts_.store.load(tx, endpoint.id));
      // It may have recovered or been changed since it was read.
      if (!current || current->failing_since != endpoint.failing_since) return {};
      return parts_.endpoints.disable(tx, *std::move(current), DisabledReason::failing);
    }));
  }
  return summary(static_cast<std::int64_t>(failing.size()), "endpoints disabled");
}

Result<std::string> Maintenance::remove_old() {
  const Timestamp now = parts_.clock.now();
  const std::int64_t before =
      IdGenerator::first_at(now.plus_seconds(-parts_.settings.retention_days * day_s));
  TRY(parts_.database.write(
      [&](sql::Tx& tx) { return parts_.store.remove_expired_secrets(tx, now); }));
  std::int64_t removed = 0;
  for (int piece = 0; piece < max_pieces; ++piece) {
    const std::int64_t gone = TRY(parts_.database.write(
        [&](sql::Tx& tx) { return outbox::remove_old(tx, before, rows_per_piece); }));
    removed += gone;
    if (gone < rows_per_piece) break;
  }
  removed += TRY(remove_deleted());
  return summary(removed, "deliveries removed");
}

Result<std::int64_t> Maintenance::remove_deleted() {
  const auto deleted =
      TRY(parts_.database.read([&](sql::Tx& tx) { return parts_.store.deleted(tx); }));
  std::int64_t removed = 0;
  for (const EndpointId id : deleted) {
    removed += TRY(parts_.database.write([&](sql::Tx& tx) -> Result<std::int64_t> {
      const std::int64_t gone = TRY(outbox::remove_of(tx, id, rows_per_piece));
      if (gone == 0) TRY(parts_.store.remove(tx, id));
      return gone;
    }));
  }
  return removed;
}

Result<std::string> Maintenance::measure_backlog() {
  const auto backlog = TRY(parts_.database.read([](sql::Tx& tx) { return outbox::backlog(tx); }));
  const Timestamp now = parts_.clock.now();
  parts_.metrics.backlog.set(static_cast<double>(backlog.count));
  parts_.metrics.backlog_age_seconds.set(
      backlog.oldest ? static_cast<double>(now.us - backlog.oldest->us) / 1e6 : 0);
  return std::string();
}

}  // namespace florin::webhooks
