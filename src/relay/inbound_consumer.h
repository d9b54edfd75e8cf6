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
struct Figures;

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
    metrics::Registry& metrics;
    Figures& figures;
  };
  InboundConsumer(Parts parts, const Settings& settings);
  ~InboundConsumer();

  void start() { worker_.start(); }
  void stop();
  /// Why nothing comes in now; nothing while it would. Safe for concurrent use.
  std::optional<std::string> fault() const;

 private:
  /// Where an event came from: a record, or a place in a record that is a batch.
  struct Place {
    const kafka::Received* record = nullptr;
    std::optional<std::size_t> index;
    std::string text;  ///< Of an event in a batch, so that it can be buried alone.
  };
  /// An event that can be read, and whose it is.
  struct Letter {
    Place place;
    TenantId tenant;
    CloudEvent event;
  };
  /// An event that cannot be taken, and why.
  struct Dead {
    Place place;
    Error reason;
  };
  /// What became of a batch.
  struct Outcome {
    std::int64_t stored = 0, duplicates = 0;
    std::vector<Dead> dead;
  };

  std::int64_t turn();
  Result<void> work();
  Result<std::vector<Letter>> open_letters(std::vector<Dead>& dead);
  Result<Letter> open_letter(Place place, const json::Value& document);
  Result<TenantId> tenant_of(const std::string& name);
  Result<Outcome> store(std::span<const Letter> letters) const;
  Result<void> bury(const std::vector<Dead>& dead);
  Result<void> send_dead(const std::vector<Dead>& dead, bool with_values);
  void set_fault(std::optional<std::string> fault);

  const Parts parts_;
  const Settings settings_;
  const std::string topic_, dead_topic_;
  std::unique_ptr<kafka::Consumer> consumer_;  // Of the worker, as are the next three.
  std::unique_ptr<kafka::Producer> producer_;  // Opened for the first dead letter.
  std::vector<kafka::Received> batch_;         // Read, and not done with.
  std::map<std::string, TenantId> tenants_;    // By the names that records use.
  mutable std::mutex mutex_;                   // Guards fault_.
  std::optional<std::string> fault_;
  jobs::WorkerThread worker_;
};

}  // namespace florin::relay
