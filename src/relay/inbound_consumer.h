#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "platform/jobs/worker_thread.h"
#include "platform/kafka/kafka.h"
#include "relay/cloud_event.h"
#include "relay/inbox.h"
#include "relay/settings.h"

namespace florin::access {
class Access;
}
namespace florin::metrics {
class Registry;
}
namespace florin::sql {
class Database;
}

namespace florin::relay {
struct RelayMetrics;

/// Reads the inbound topic into the inbox. Records, and events of batches, that cannot be taken go
/// to the dead-letter topic with the reason in their headers. Offsets are committed when the
/// database has the events and the dead-letter topic the rest; what comes again after a crash is
/// known by source and id.
class InboundConsumer {
 public:
  struct Parts {
    sql::Database& database;
    access::Access& access;
    const Inbox& inbox;
    const Clock& clock;
    metrics::Registry& registry;
    RelayMetrics& metrics;
  };
  InboundConsumer(Parts parts, const Settings& settings);
  ~InboundConsumer();

  void start() { worker_.start(); }
  void stop();
  /// Why nothing is read now; nothing without a fault. Safe for concurrent use.
  std::optional<std::string> fault() const;

 private:
  /// Where an event came from: a record, or a place in a record that is a batch.
  struct Place {
    const kafka::Received* record = nullptr;
    std::optional<std::size_t> index;
    std::string text;  ///< Of an event in a batch, so that it can be sent alone.
  };
  /// An event that was read, with its tenant.
  struct ValidEvent {
    Place place;
    TenantId tenant;
    CloudEvent event;
  };
  /// An event that cannot be taken, and the reason.
  struct RejectedEvent {
    Place place;
    Error reason;
  };
  struct StoreResult {
    std::int64_t stored = 0, duplicates = 0;
    std::vector<RejectedEvent> rejected;
  };

  std::int64_t tick();
  Result<void> work();
  Result<std::vector<ValidEvent>> read_batch(std::vector<RejectedEvent>& rejected);
  Result<ValidEvent> read_event(Place place, const json::Value& document);
  Result<TenantId> tenant_of(const std::string& name);
  Result<StoreResult> store(std::span<const ValidEvent> events) const;
  Result<void> send_dead_letters(const std::vector<RejectedEvent>& rejected);
  Result<void> produce_dead_letters(const std::vector<RejectedEvent>& rejected, bool with_values);
  void set_fault(std::optional<std::string> fault);

  const Parts parts_;
  const Settings settings_;
  const std::string topic_, dead_topic_;
  std::unique_ptr<kafka::Consumer> consumer_;  // Of the worker, as are the next three.
  std::unique_ptr<kafka::Producer> producer_;  // Opened for the first dead letter.
  std::vector<kafka::Received> batch_;         // Read, and not committed yet.
  std::map<std::string, TenantId> tenants_;    // By the names that records use.
  mutable std::mutex mutex_;                   // Guards fault_.
  std::optional<std::string> fault_;
  jobs::WorkerThread worker_;
};

}  // namespace florin::relay
