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
struct Figures;

/// Sends what is due, endpoint by endpoint in turn, so that a slow one delays no other: each has
/// its own queue and its own share of connections. Everything it holds is in the store too; after a
/// crash it starts from there. Safe for concurrent use.
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
    Figures& figures;
    const Settings& settings;
    const Fence& fence;
  };
  explicit Dispatcher(Parts parts);
  ~Dispatcher();  ///< As stop().

  /// Takes up what the store holds. Errors: store errors.
  Result<void> start();
  /// Begins nothing more, gives what is under way a few seconds, writes what came of it.
  void stop();

  /// New deliveries, in the moment in which their commit is done.
  void hand_over(std::vector<Waiting> fresh);
  /// The endpoint changed, or is new.
  void reload(EndpointId endpoint);
  /// The store has something for the endpoint.
  void look(EndpointId endpoint);

 private:
  struct Line {
    EndpointQueue queue;
    std::shared_ptr<const Credentials> credentials;
  };
  struct Flight {
    Waiting waiting;
    std::vector<http_client::Header> sent;
    Timestamp started_at;
    bool was_doubted = false;
    std::optional<int> broken_status = {};  // Of an answer that began and did not end.
  };
  struct Landing {
    Flight flight;
    Result<http_client::Response> received;
  };
  struct Settled {
    Outcome outcome;
    bool is_written = false;
  };
  struct Inbox {
    std::vector<EndpointId> reloads, looks;
    std::vector<Waiting> fresh;
    std::vector<Landing> landings;
    std::vector<Settled> settled;
  };

  std::int64_t turn();
  void take_in(Inbox inbox);
  void load(EndpointId id);
  Result<std::optional<Line>> read_line(EndpointId id);
  void land(Landing landing);
  void observe(const Outcome& outcome, const events::Event& event);
  void settle(Settled settled);
  /// Whether outcomes can be written; while not, nothing is sent whose outcome would be lost.
  bool can_write(Timestamp now);
  void refill(Line& line, Timestamp now);
  Result<void> read_open(Line& line, Timestamp now);
  /// One attempt of each endpoint that may have one, in turn, until none may.
  void send_due(Timestamp now);
  bool send_next(Line& line, Timestamp now);
  bool may_send(const Line& line) const;
  std::int64_t rest_us(Timestamp now) const;
  template <class T>
  void post(std::vector<T> Inbox::*place, T item);

  Parts parts_;
  std::map<EndpointId, Line> lines_;  // Of the worker, as is all up to the mutex.
  EndpointId first_in_turn_;
  int in_flight_ = 0, doubted_in_flight_ = 0;
  std::map<DeliveryId, std::shared_ptr<const events::Event>> being_written_;
  std::vector<Outcome> unwritten_;  // What the database did not take yet.
  bool is_store_ill_ = false;
  Timestamp write_again_at_;
  std::mt19937 random_{std::random_device{}()};

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable landed_;
  Inbox inbox_;
  bool is_stopping_ = false;
  int under_way_ = 0;

  Recorder recorder_;
  jobs::WorkerThread worker_;
};

}  // namespace florin::webhooks
