#pragma once
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

#include "base/clock.h"
#include "platform/http_client/http_client.h"
#include "platform/jobs/worker_thread.h"
#include "webhooks/delivery/attempt.h"
#include "webhooks/delivery/endpoint_queue.h"
#include "webhooks/delivery/recorder.h"
#include "webhooks/settings.h"

namespace florin::events {
class EventLog;
}

namespace florin::webhooks {
struct Metrics;

/// Sends due deliveries, endpoint by endpoint in turn, so that a slow one delays no other: each has
/// its own queue and its own share of connections. Everything in memory is in the store too; after
/// a crash it is read from there. Safe for concurrent use.
class Dispatcher {
 public:
  struct Parts {
    sql::Database& database;
    const EndpointStore& store;
    const Endpoints& endpoints;
    EndpointChanges& changes;
    events::EventLog& events;
    http_client::HttpClient& client;
    const Clock& clock;
    Metrics& metrics;
    const Settings& settings;
    const Fence& fence;
  };
  explicit Dispatcher(Parts parts);
  ~Dispatcher();  ///< As stop().

  /// Loads all endpoints and their open deliveries. Errors: store errors.
  Result<void> start();
  /// Starts no further attempt, waits a few seconds for those in progress, writes their results.
  void stop();

  /// New deliveries, called right after their commit.
  void enqueue(std::vector<PendingDelivery> deliveries);
  /// The endpoint changed, or is new.
  void reload(EndpointId endpoint);
  /// The store has new deliveries for the endpoint.
  void check_store(EndpointId endpoint);

 private:
  /// An endpoint with its queue and what is needed to call it.
  struct Target {
    EndpointQueue queue;
    std::shared_ptr<const Credentials> credentials;
  };
  struct StartedAttempt {
    PendingDelivery pending;
    std::vector<http_client::Header> sent;
    Timestamp started_at;
    std::optional<int> broken_status = {};  // Of an incomplete response.
  };
  struct CompletedAttempt {
    StartedAttempt started;
    Result<http_client::Response> received;
  };
  struct RecordedAttempt {
    AttemptResult result;
    bool is_written = false;
  };
  struct Inbox {
    std::vector<EndpointId> reloads, checks;
    std::vector<PendingDelivery> created;
    std::vector<CompletedAttempt> completed;
    std::vector<RecordedAttempt> recorded;
  };

  std::int64_t tick();
  void process_inbox(Inbox inbox);
  void load(EndpointId id);
  Result<std::optional<Target>> read_target(EndpointId id);
  void complete(CompletedAttempt completed);
  void observe(const AttemptResult& result, const events::Event& event);
  void on_recorded(RecordedAttempt recorded);
  /// Whether results can be written; until then nothing is sent, since its result would be lost.
  bool can_write(Timestamp now);
  void refill(Target& target, Timestamp now);
  Result<void> read_open(Target& target, Timestamp now);
  /// One attempt of each endpoint that may have one, in turn, until none may.
  void send_due(Timestamp now);
  bool send_next(Target& target, Timestamp now);
  bool can_send(const Target& target) const;
  std::int64_t wait_us(Timestamp now) const;
  template <class T>
  void post(std::vector<T> Inbox::*place, T item);

  Parts parts_;
  std::map<EndpointId, Target> targets_;  // The worker's, as is everything up to the mutex.
  EndpointId round_start_;
  int in_flight_ = 0;
  std::map<DeliveryId, std::shared_ptr<const events::Event>> events_being_recorded_;
  std::vector<AttemptResult> unwritten_;  // The database was unavailable.
  bool store_unavailable_ = false;
  Timestamp retry_write_at_;
  std::mt19937 random_{std::random_device{}()};

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable all_completed_;
  Inbox inbox_;
  bool is_stopping_ = false;
  int outstanding_ = 0;

  Recorder recorder_;
  jobs::WorkerThread worker_;
};

}  // namespace florin::webhooks
