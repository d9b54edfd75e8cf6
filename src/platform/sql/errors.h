#pragma once
#include "base/error.h"

namespace florin::sql::errors {
/// The database is unavailable (busy, locked, read-only, I/O error). Nothing was written, unless
/// the detail says that the outcome is unknown; retrying with the same Idempotency-Key is safe.
inline constexpr ErrorCode store_unavailable{ErrorKind::unavailable, "store_unavailable"};
/// The disk is full. Nothing was written; writes resume by themselves when space is free.
inline constexpr ErrorCode store_full{ErrorKind::unavailable, "store_full"};
/// The database file is damaged or is not a database. Restore a backup; see docs/runbook.md.
inline constexpr ErrorCode store_corrupt{ErrorKind::internal, "store_corrupt"};
/// The write-ahead log lost committed transactions: it was damaged, truncated or removed. Nothing
/// was changed. Restore a backup, or accept the loss explicitly; see docs/runbook.md.
inline constexpr ErrorCode wal_damaged{ErrorKind::internal, "wal_damaged"};
/// A unique or check constraint rejected the row. Services turn this into a code of their own.
inline constexpr ErrorCode constraint_violated{ErrorKind::conflict, "constraint_violated"};
/// The write conflicted with other writers (deadlock, serialization failure) and its retries were
/// used up. Nothing was written; retrying is safe.
inline constexpr ErrorCode store_conflict{ErrorKind::unavailable, "store_conflict"};
/// The database was written by a newer binary, or a migration changed after it was applied.
inline constexpr ErrorCode schema_mismatch{ErrorKind::internal, "schema_mismatch"};
}  // namespace florin::sql::errors
