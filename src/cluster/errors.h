#pragma once
#include "base/error.h"

namespace florin::cluster::errors {
/// Another live process uses this node id on this database. Give each its own (FLORIN_NODE_ID).
inline constexpr ErrorCode node_id_taken{ErrorKind::conflict, "node_id_taken"};
/// Another live process works on this SQLite database, which serves one at a time. Stop it first,
/// or move to PostgreSQL.
inline constexpr ErrorCode one_node_only{ErrorKind::conflict, "one_node_only"};
/// This process was silent for so long that another one took its node id. It ends.
inline constexpr ErrorCode node_evicted{ErrorKind::conflict, "node_evicted"};
/// Another node does this work by now: what this one wanted to write was not written.
inline constexpr ErrorCode lease_lost{ErrorKind::conflict, "lease_lost"};
}  // namespace florin::cluster::errors
