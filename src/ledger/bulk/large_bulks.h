#pragma once
#include <functional>
#include <memory>

#include "base/clock.h"
#include "ledger/bulk/counts.h"
#include "ledger/ledger.h"

namespace florin {
class IdGenerator;
}
namespace florin::metrics {
class Registry;
}
namespace florin::sql {
class Database;
}

namespace florin::ledger {
class LedgerWriter;
}

namespace florin::ledger::bulk {

/// Posts large bulks beside the writer, so that other tenants wait for one slice of them and not
/// for all: a bulk is decided over a snapshot, its rows are stored in slices that nobody sees, one
/// short commit moves all balances and stores its key (from there on it is promised, whatever
/// happens), and then the slices become rows. When an account changed meanwhile it is decided
/// again, and at last posted whole. One at a time, in turns of the tenants. Safe for concurrent
/// use. Why: docs/adr/0015-large-bulks.md.
class LargeBulks {
 public:
  using Completion = std::function<void(Outcome)>;
  struct Collaborators {
    sql::Database& database;
    const Clock& clock;
    IdGenerator& ids;
    LedgerWriter& writer;
    metrics::Registry& metrics;
    /// Told of every outcome that is not posted whole.
    std::function<void(const Outcome&)> count;
    /// Posts it as one batch, on the writer's thread.
    std::function<void(Command, Completion)> post_whole;
  };

  explicit LargeBulks(Collaborators with);
  ~LargeBulks();  ///< Ends after the running slice; what was promised is written at the next start.

  /// Whether a command belongs here: a bulk of transfers alone with many postings.
  static bool is_large(const Command& command);
  /// False, and both left as they were: too many wait. `done` runs on a thread of its own.
  bool submit(Command& command, Completion& done);

  /// Writes out what this node had promised when it ended, and forgets what it had not.
  Result<void> recover();
  /// Does so for bulks that nobody works on any more: those of nodes that are gone, and those that
  /// a fault of the database left; returns how many. A job calls it.
  Result<std::int64_t> take_over();
  Counts counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::ledger::bulk
