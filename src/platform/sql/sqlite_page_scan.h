#pragma once
#include "base/result.h"
#include "platform/sql/database.h"

struct sqlite3;

namespace florin::sql {

/// Reads every page of the database's file and of its log past all caches, and sums it up. Others
/// may be writing: what the log is still to bring into the file is not held against the file.
/// `connection` uses checksum_vfs() and is not in a transaction.
/// Errors: store_unavailable when something cannot be read.
Result<PageReport> scan_pages(sqlite3* connection, const PageProgress& progress);

}  // namespace florin::sql
