#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace florin::sql {

/// Told after each piece; how many of how many pages are copied.
using CopyProgress = std::function<void(std::int64_t done_pages, std::int64_t all_pages)>;

/// Copies a SQLite database that others may be reading and writing, as it stands at one moment:
/// what they commit meanwhile is not in the copy. Their write-ahead log grows until it is done.
/// Its pages have checksums, whether or not those of the original do.
/// The copy is on the disk when this returns. `to` must not exist.
/// Errors: store_unavailable, store_full, store_corrupt.
Result<void> copy_sqlite(const std::string& from, const std::string& to,
                         const CopyProgress& progress);

}  // namespace florin::sql
