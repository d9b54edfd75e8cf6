#pragma once
#include "base/error.h"

namespace florin::cluster::errors {
/// Another live process uses this node id on this database. Give each node its own
/// (FLORIN_NODE_ID).
inline constexpr ErrorCode node_id_taken{ErrorKind::conflict, "node_id_taken"};
/// Another process uses this SQLite database, which supports one process at a time. Stop it first,
/// or move to PostgreSQL.
inline constexpr ErrorCode one_node_only{ErrorKind::conflict, "one_node_only"};
/// This process was silent for too long and another process took its node id. The process exits.
inline constexpr ErrorCode node_evicted{ErrorKind::conflict, "node_evicted"};
/// The lease was lost to another node; the write was rejected.
inline constexpr ErrorCode lease_lost{ErrorKind::conflict, "lease_lost"};
}  // namespace florin::cluster::errors
