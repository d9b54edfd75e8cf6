#pragma once
#include "base/error.h"

namespace florin::sql::errors {
/// The database did not take the work (busy, locked, read-only, I/O fault). Nothing was written,
/// unless the detail says that it is not known; retrying with the same idempotency key is safe.
inline constexpr ErrorCode store_unavailable{ErrorKind::unavailable, "store_unavailable"};
/// The disk is full. Nothing was written; writes work again by themselves when space returns.
inline constexpr ErrorCode store_full{ErrorKind::unavailable, "store_full"};
/// The database file is damaged or is not a database. Restore a backup; see docs/runbook.md.
inline constexpr ErrorCode store_corrupt{ErrorKind::internal, "store_corrupt"};
/// The write-ahead log has lost transactions that were committed: it was damaged, cut off or
/// removed. Nothing was changed. Restore a backup, or go on without them on purpose; see
/// docs/runbook.md.
inline constexpr ErrorCode wal_damaged{ErrorKind::internal, "wal_damaged"};
/// A unique or check constraint refused the row. Services turn this into a code of their own.
inline constexpr ErrorCode constraint_violated{ErrorKind::conflict, "constraint_violated"};
/// Other writers were in the way (a deadlock, a serialization failure) more often than is tried
/// again. Nothing was written; retrying is safe.
inline constexpr ErrorCode store_conflict{ErrorKind::unavailable, "store_conflict"};
/// The database was written by a newer binary, or a migration changed after it was applied.
inline constexpr ErrorCode schema_mismatch{ErrorKind::internal, "schema_mismatch"};
}  // namespace florin::sql::errors
