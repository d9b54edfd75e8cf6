#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/timestamp.h"

namespace florin {

/// Which part of a list is asked for, newest first.
struct PageRequest {
  static constexpr int max_limit = 200;

  int limit = 50;
  std::int64_t before = 0;                       ///< Rows with ids below this; 0: from the newest.
  std::optional<Timestamp> created_after = {};   ///< At or after.
  std::optional<Timestamp> created_before = {};  ///< Before.
};

template <class T>
struct Paged {
  std::vector<T> rows;
  std::int64_t next = 0;  ///< PageRequest::before of the following page; 0: there is none.
};

}  // namespace florin
