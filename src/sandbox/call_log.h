#pragma once
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "base/timestamp.h"

namespace florin::sandbox {

/// A call that a simulator received, and how it was answered.
struct CallRecord {
  Timestamp at;
  std::string operation, player_id, transaction_id;
  std::string fault;    ///< "none" when it got none.
  std::string outcome;  ///< The dialect's word; empty when the call was not executed.
  int status = 0;       ///< 0: it was left without an answer.
};

/// The last calls, in the order they came. Safe for concurrent use.
class CallLog {
 public:
  void add(CallRecord record);
  /// The newest `count`, newest first.
  std::vector<CallRecord> last(std::size_t count) const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::deque<CallRecord> records_;
};

}  // namespace florin::sandbox
