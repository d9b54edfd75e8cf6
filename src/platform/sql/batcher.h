#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "platform/sql/database.h"
#include "platform/sql/fair_queue.h"

namespace florin::sql {

/// Gathers what arrives while the last batch is written, and runs it as one unit of work: for the
/// hot paths, where a unit of work for each request would cost more than the request. It never
/// waits to fill a batch. Where more waits than a batch holds, owners take turns (FairQueue). Safe
/// for concurrent use; it must outlive the database's writes.
template <class Item, class Done>
class Batcher {
 public:
  struct Limits {
    std::size_t max_waiting = 50'000;
    std::size_t max_batch = 1'024;   ///< Small enough that its commit keeps nobody waiting long.
    std::size_t max_weight = 1'024;  ///< Of the items of a batch; a heavier one goes alone.
  };
  /// Whose item it is and how heavy; cheap.
  using ShareOf = std::function<Share(const Item&)>;
  /// Decides before it writes: an error means that the database failed, and undoes the whole batch.
  using Run = std::function<Result<void>(Tx&, std::span<Item>)>;
  /// Once for each item, on the writer's thread, after the commit or with what undid it.
  using Complete = std::function<void(Item&, Done&, const Result<void>& committed)>;

  Batcher(
      Database& database, Run run, Complete complete, Limits limits = {},
      ShareOf share_of = [](const Item&) { return Share(); })
      : database_(database),
        run_(std::move(run)),
        complete_(std::move(complete)),
        limits_(limits),
        share_of_(std::move(share_of)) {}

  /// False, and both left as they were: more wait than there may.
  bool submit(Item& item, Done& done) {
    const Share share = share_of_(item);
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() >= limits_.max_waiting) return false;
      waiting_.push(share, {std::move(item), std::move(done)});
      if (std::exchange(is_scheduled_, true)) return true;
    }
    schedule();
    return true;
  }

 private:
  struct Waiting {
    Item item;
    Done done;
  };
  struct Batch {
    std::vector<Item> items;
    std::vector<Done> done;
  };

  void schedule() {
    auto batch = std::make_shared<Batch>();
    database_.submit(
        [this, batch](Tx& tx) -> Result<void> {
          // An engine that retries a transaction runs this again, with the items it has.
          if (batch->items.empty()) take(*batch);
          return run_(tx, batch->items);
        },
        [this, batch](const Result<void>& committed) { complete(*batch, committed); }, Undo::batch);
  }

  void take(Batch& batch) {
    bool more = false;
    {
      const std::lock_guard lock(mutex_);
      const std::size_t count = std::min(waiting_.size(), limits_.max_batch);
      batch.items.reserve(count);
      batch.done.reserve(count);
      waiting_.take(limits_.max_batch, limits_.max_weight, [&batch](Waiting next) {
        batch.items.push_back(std::move(next.item));
        batch.done.push_back(std::move(next.done));
      });
      more = waiting_.size() > 0;
      is_scheduled_ = more;
    }
    if (more) schedule();
  }

  void complete(Batch& batch, const Result<void>& committed) {
    // What was never run (the database is closing) still owes answers to those who wait.
    if (batch.items.empty()) take(batch);
    for (std::size_t i = 0; i < batch.items.size(); ++i)
      complete_(batch.items[i], batch.done[i], committed);
  }

  Database& database_;
  const Run run_;
  const Complete complete_;
  const Limits limits_;
  const ShareOf share_of_;
  std::mutex mutex_;  // Guards what follows.
  FairQueue<Waiting> waiting_;
  bool is_scheduled_ = false;  // A unit of work that will take what waits is on its way.
};

}  // namespace florin::sql
