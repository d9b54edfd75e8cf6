#include "sandbox/call_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace florin::sandbox {
namespace {

constexpr std::size_t most_remembered = 10'000;

}  // namespace

void CallLog::add(CallRecord record) {
  const std::lock_guard lock(mutex_);
  records_.push_back(std::move(record));
  if (records_.size() > most_remembered) records_.pop_front();
}

std::vector<CallRecord> CallLog::last(std::size_t count) const {
  const std::lock_guard lock(mutex_);
  const auto wanted = static_cast<std::ptrdiff_t>(std::min(count, records_.size()));
  return {records_.rbegin(), std::next(records_.rbegin(), wanted)};
}

void CallLog::clear() {
  const std::lock_guard lock(mutex_);
  records_.clear();
}

}  // namespace florin::sandbox
