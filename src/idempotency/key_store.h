#pragma once
#include <functional>
#include <optional>
#include <span>

#include "base/timestamp.h"
#include "idempotency/key.h"
#include "platform/sql/sealer.h"

namespace florin::sql {
class Pipeline;
class Tx;
}  // namespace florin::sql

namespace florin::idempotency {

/// What a key's seal covers.
inline constexpr sql::SealedTable sealed_keys{
    "idempotency_keys", "bbiitiii",
    "digest, request, ref, status, body, created_at_us, expires_at_us, tenant_id"};

/// The rows. Stateless, safe for concurrent use.
Result<std::optional<Record>> find(sql::Tx& tx, const Digest& digest);
/// Errors: constraint_violated when the key is there already.
Result<void> insert(sql::Tx& tx, const Key& key, const Record& record, Timestamp now);
/// find() for many on PostgreSQL, in one statement: `visit` gets those that exist, when the
/// pipeline is synced.
using EntryVisitor = std::function<void(const Digest&, Record)>;
Result<void> enqueue_all(sql::Pipeline& pipeline, std::span<const Digest> digests,
                         const EntryVisitor& visit);
/// insert() for many, at once where the engine can.
Result<void> insert_all(sql::Tx& tx, std::span<const Entry> entries, Timestamp now);
/// Deletes up to `limit` keys past their lifetime, and as many sealed answers past theirs; returns
/// how many keys.
Result<std::int64_t> remove_expired(sql::Tx& tx, Timestamp now, int limit);

}  // namespace florin::idempotency
