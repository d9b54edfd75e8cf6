#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "platform/jobs/worker_thread.h"
#include "relay/settings.h"

namespace florin::events {
class EventLog;
struct Event;
}  // namespace florin::events
namespace florin::metrics {
class Registry;
}
namespace florin::sql {
class Database;
}

namespace florin::relay {
struct RelayMetrics;

/// Sends the event log to Kafka, at least once, a subject's events in order. A durable cursor
/// passes an event when Kafka has acknowledged it and everything before it. Unacknowledged events
/// wait in the log. Safe for concurrent use.
class Outbound {
 public:
  struct Parts {
    sql::Database& database;
    events::EventLog& events;
    const Clock& clock;
    metrics::Registry& registry;
    RelayMetrics& metrics;
    const Fence& fence;
    const HoldsLease& holds_lease;
  };
  Outbound(Parts parts, const Settings& settings);
  ~Outbound();

  void start() { worker_.start(); }
  /// Waits a moment for acknowledgements, then ends; the next one sends the rest again.
  void stop();

  /// Why events cannot be sent now; nothing without a fault.
  std::optional<std::string> fault() const;
  /// Everything up to here was acknowledged; nothing before the cursor was read.
  std::optional<EventId> position() const;

 private:
  struct Sent {
    EventId id;
    bool is_acknowledged = false;
  };

  std::int64_t tick();
  Result<void> begin();
  Result<void> work();
  Result<void> fill();
  Result<bool> send(const events::Event& event);
  std::size_t room() const;
  void on_done(std::uint64_t number, const Result<void>& outcome);
  void pass_acknowledged();
  Result<void> save_cursor_periodically();
  Result<void> save_cursor();
  std::int64_t back_off(const Error& error);
  void set_fault(std::optional<std::string> fault);

  const Parts parts_;
  const Settings settings_;
  const std::string source_;
  // Of the worker, down to the line.
  std::unique_ptr<kafka::Producer> producer_;
  std::deque<Sent> sent_;           // In order, from the event after the position on.
  std::uint64_t first_number_ = 0;  // Of the first in sent_.
  EventId read_to_;
  std::optional<Error> failure_;
  EventId one_by_one_to_;  // Up to here one event at a time, after a failure.
  std::int64_t pause_us_ = 0;
  EventId saved_;
  Timestamp saved_at_;
  // -----
  std::atomic<std::int64_t> position_{-1};
  mutable std::mutex mutex_;  // Guards fault_.
  std::optional<std::string> fault_;
  jobs::WorkerThread worker_;
};

}  // namespace florin::relay
