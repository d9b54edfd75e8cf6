#include "idempotency/key_store.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/try.h"
#include "platform/sql/array.h"
#include "platform/sql/database.h"

namespace florin::idempotency {
namespace {

using sql::Param;
using sql::Query;

constexpr Query find_key{
    "idempotency.find_key",
    "SELECT request, ref, status, body FROM idempotency_keys WHERE digest = $1"};
constexpr Query insert_key{
    "idempotency.insert_key",
    "INSERT INTO idempotency_keys (digest, request, ref, status, body, created_at_us,"
    " expires_at_us, tenant_id, row_seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr Query find_keys{"idempotency.find_keys",
                          "SELECT request, ref, status, body, digest FROM idempotency_keys"
                          " WHERE digest = ANY ($1::bytea[])"};
constexpr Query insert_keys{
    "idempotency.insert_keys",
    "INSERT INTO idempotency_keys (digest, request, ref, status, body, created_at_us,"
    " expires_at_us, tenant_id, row_seal) SELECT unnest($1::bytea[]), unnest($2::bytea[]),"
    " unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::text[]), $6::bigint,"
    " unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::bytea[])"};
constexpr Query delete_expired{
    "idempotency.delete_expired",
    "DELETE FROM idempotency_keys WHERE digest IN (SELECT digest FROM idempotency_keys"
    " WHERE expires_at_us IS NOT NULL AND expires_at_us <= $1 LIMIT $2)"};
constexpr Query delete_expired_sealed{
    "idempotency.delete_expired_sealed",
    "DELETE FROM idempotency_secrets WHERE digest IN (SELECT digest FROM idempotency_secrets"
    " WHERE expires_at_us <= $1 LIMIT $2)"};

constexpr std::int64_t thirty_days_s = 30 * 24 * 3600;

Digest digest_from(std::string_view bytes) {
  Digest digest{};
  std::memcpy(digest.data(), bytes.data(), std::min(bytes.size(), digest.size()));
  return digest;
}

Record read_record(const sql::Row& row) {
  return {digest_from(row.blob(0)), row.integer(1), static_cast<int>(row.integer(2)),
          std::string(row.text(3))};
}

std::optional<std::int64_t> expiry_of(const Key& key, Timestamp now) {
  if (key.lifetime == Lifetime::forever) return std::nullopt;
  return now.plus_seconds(thirty_days_s).us;
}

/// A row that only names an object holds nothing of a tenant; it is spared the column.
std::optional<std::int64_t> tenant_of(const Key& key, const Record& record) {
  if (record.body.empty()) return std::nullopt;
  return key.tenant.value;
}

/// A row in the order of its columns, the seal last.
class RowToWrite {
 public:
  RowToWrite(const crypto::SealKey* seal_key, const Key& key, const Record& record, Timestamp now)
      : values_{Param::blob(bytes_of(key.digest)),
                Param::blob(bytes_of(record.request)),
                record.ref,
                record.status,
                record.body.empty() ? Param(nullptr) : Param(record.body),
                now.us,
                expiry_of(key, now),
                tenant_of(key, record),
                nullptr} {
    if (!seal_key) return;
    thread_local std::string bytes;
    bytes.clear();
    sql::Sealer::append_sealed(bytes, sealed_keys, std::span(values_).first(values_.size() - 1));
    seal_ = seal_key->seal(bytes);
    values_.back() = Param::blob(crypto::bytes_of(seal_));
  }
  RowToWrite(const RowToWrite&) = delete;
  RowToWrite& operator=(const RowToWrite&) = delete;

  std::span<const Param> values() const { return values_; }
  /// Empty without a key.
  std::string_view seal() const { return values_.back().bytes; }

 private:
  crypto::Seal seal_{};
  std::array<Param, 9> values_;
};

}  // namespace

Result<std::optional<Record>> find(sql::Tx& tx, const Digest& digest) {
  std::optional<Record> found;
  TRY(tx.query(find_key, {Param::blob(bytes_of(digest))}, [&](const sql::Row& row) {
    found = read_record(row);
    return false;
  }));
  return found;
}

Result<void> insert(sql::Tx& tx, const Key& key, const Record& record, Timestamp now) {
  return tx.send(insert_key, RowToWrite(tx.seal_key(), key, record, now).values());
}

Result<void> enqueue_all(sql::Pipeline& pipeline, std::span<const Digest> digests,
                         const EntryVisitor& visit) {
  if (digests.empty()) return {};
  sql::Blobs wanted;
  for (const Digest& digest : digests) wanted.add(bytes_of(digest));
  return pipeline.enqueue(find_keys, {wanted.param()}, [visit](const sql::Row& row) {
    visit(digest_from(row.blob(4)), read_record(row));
    return true;
  });
}

Result<void> insert_all(sql::Tx& tx, std::span<const Entry> entries, Timestamp now) {
  if (tx.dialect() != sql::Dialect::postgres) {
    for (const Entry& entry : entries) TRY(insert(tx, entry.key, entry.record, now));
    return {};
  }
  if (entries.empty()) return {};
  sql::Blobs digests, requests, seals;
  sql::Integers refs, statuses, expiries, tenants;
  sql::Texts bodies;
  for (const auto& [key, record] : entries) {
    digests.add(bytes_of(key.digest));
    requests.add(bytes_of(record.request));
    refs.add(record.ref);
    statuses.add(std::int64_t{record.status});
    record.body.empty() ? bodies.add_null() : bodies.add(std::string_view(record.body));
    expiries.add(expiry_of(key, now));
    tenants.add(tenant_of(key, record));
    const RowToWrite row(tx.seal_key(), key, record, now);
    row.seal().empty() ? seals.add_null() : seals.add(row.seal());
  }
  return tx.send(insert_keys,
                 {digests.param(), requests.param(), refs.param(), statuses.param(), bodies.param(),
                  now.us, expiries.param(), tenants.param(), seals.param()});
}

Result<std::int64_t> remove_expired(sql::Tx& tx, Timestamp now, int limit) {
  TRY(tx.exec(delete_expired_sealed, {now.us, limit}));
  return tx.exec(delete_expired, {now.us, limit});
}

}  // namespace florin::idempotency
