#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "platform/jobs/worker_thread.h"
#include "webhooks/delivery/endpoint_queue.h"
#include "webhooks/delivery/outbox_store.h"
#include "webhooks/endpoints/endpoint.h"
#include "webhooks/endpoints/endpoint_store.h"
#include "webhooks/settings.h"

namespace florin {
class IdGenerator;
}
namespace florin::events {
class EventLog;
}
namespace florin::sql {
class Database;
}

namespace florin::webhooks {
class Dispatcher;
class EndpointChanges;

/// Reads the event log from a durable cursor and creates a delivery for each endpoint that selects
/// the event. Deliveries and cursor are one commit: a crash neither loses nor duplicates one.
/// Replays are created here too, in pieces. Safe for concurrent use.
class FanOut {
 public:
  struct Parts {
    sql::Database& database;
    const EndpointStore& store;
    EndpointChanges& changes;
    events::EventLog& events;
    IdGenerator& ids;
    const Clock& clock;
    Dispatcher& dispatcher;
    const Settings& settings;
    const Fence& fence;
  };
  explicit FanOut(Parts parts);

  void start() { worker_.start(); }
  void stop() { worker_.stop(); }
  /// Call after a replay was stored.
  void start_replays();

 private:
  using ByTenant = std::map<TenantId, std::vector<std::shared_ptr<const Endpoint>>>;
  struct Plan {
    std::vector<PendingDelivery> deliveries;
    EventId read_to;        ///< None: there was nothing to read.
    bool has_more = false;  ///< There may be more to read.
  };

  std::int64_t tick();
  Result<bool> read_events();
  Result<void> load_cursor();
  Result<void> refresh_endpoints();
  Result<Plan> plan();
  void add_deliveries(Plan& plan, std::shared_ptr<const events::Event> event);
  /// Writes the deliveries and what `also` writes in one commit, then enqueues them.
  using Also = std::function<Result<void>(sql::Tx&)>;
  Result<void> write(std::vector<PendingDelivery> deliveries, const Also& also);
  Result<void> save_cursor_periodically();
  /// Changes by other nodes are seen in the store only.
  Result<void> poll_other_nodes_periodically();

  Result<bool> run_replays();
  Result<void> replay_events(outbox::Replay replay, Endpoint endpoint);
  Result<void> replay_failed(outbox::Replay replay, const Endpoint& endpoint);
  PendingDelivery make_delivery(const Endpoint& endpoint,
                                std::shared_ptr<const events::Event> event, bool is_replay) const;

  Parts parts_;
  std::optional<EventId> position_;  // Of the worker, as are the next six.
  EventId saved_;
  Timestamp saved_at_, polled_at_;
  std::vector<EndpointStore::Version> versions_;
  std::optional<std::uint64_t> endpoints_mark_;
  ByTenant endpoints_;
  std::atomic<bool> has_replays_{true};  // The store may hold some at the start.
  jobs::WorkerThread worker_;
};

}  // namespace florin::webhooks
