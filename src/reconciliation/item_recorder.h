#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "reconciliation/rows.h"
#include "reconciliation/store.h"

namespace florin {
class IdGenerator;
}
namespace florin::sql {
class Database;
}

namespace florin::reconciliation {

/// Turns the mismatches of a run into items, many in one unit of work.
class ItemRecorder {
 public:
  ItemRecorder(sql::Database& database, const Clock& clock, IdGenerator& ids, const Run& run,
               std::int64_t max_items);

  Result<void> add(const Mismatch& mismatch);
  /// Writes what waits.
  Result<void> flush();
  /// There were more mismatches than may be kept.
  bool is_truncated() const { return is_truncated_; }

 private:
  std::string fingerprint_of(std::string_view kind, const Entry& entry);

  sql::Database& database_;
  const Clock& clock_;
  IdGenerator& ids_;
  const Run& run_;
  const std::int64_t max_items_;
  std::int64_t count_ = 0;
  bool is_truncated_ = false;
  std::vector<Item> waiting_;
  std::unordered_map<std::string, std::int64_t> without_key_;  // How often each was met.
};

}  // namespace florin::reconciliation
