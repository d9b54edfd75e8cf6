#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <span>

#include "platform/sql/batcher.h"
#include "webhooks/delivery/delivery.h"
#include "webhooks/endpoints/endpoint_changes.h"
#include "webhooks/endpoints/endpoint_store.h"
#include "webhooks/settings.h"

namespace florin::webhooks {
class Endpoints;

/// The result of an attempt.
struct AttemptResult {
  Delivery delivery;  ///< As it is to be stored.
  Attempt attempt;
  Timestamp ended_at;
  bool is_gone = false;  ///< The endpoint answered 410.
};

/// Writes results, many in one commit: a commit for each would cost more than the attempt.
/// Safe for concurrent use.
class Recorder {
 public:
  /// On the writer's thread, after the commit or with the error that rolled it back.
  using Recorded = std::function<void(AttemptResult&, const Result<void>& committed)>;

  struct Parts {
    sql::Database& database;
    const EndpointStore& store;
    const Endpoints& endpoints;
    EndpointChanges& changes;
    const Fence& fence;
  };
  Recorder(Parts parts, Recorded recorded);
  ~Recorder();  ///< Waits until everything is written.

  void submit(AttemptResult result);
  void wait_until_written();

 private:
  struct Entry {
    AttemptResult result;
    std::optional<EndpointChanges::Announcement> change = {};
  };
  struct NoReply {};

  Result<void> write(sql::Tx& tx, std::span<Entry> entries);
  Result<void> write_one(sql::Tx& tx, Entry& entry);
  Result<void> disable_gone(sql::Tx& tx, Entry& entry);
  void complete(Entry& entry, const Result<void>& committed);

  Parts parts_;
  Recorded recorded_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::size_t outstanding_ = 0;
  sql::Batcher<Entry, NoReply> batcher_;
};

}  // namespace florin::webhooks
