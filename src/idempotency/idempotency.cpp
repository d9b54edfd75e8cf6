#include "idempotency/idempotency.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <unordered_set>

#include "base/try.h"
#include "idempotency/errors.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/vault.h"
#include "platform/sql/array.h"
#include "platform/sql/database.h"
#include "platform/sql/sealer.h"

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
constexpr Query find_sealed{
    "idempotency.find_sealed",
    "SELECT sealed FROM idempotency_secrets WHERE digest = $1 AND expires_at_us > $2"};
constexpr Query insert_sealed{
    "idempotency.insert_sealed",
    "INSERT INTO idempotency_secrets (digest, tenant_id, sealed, expires_at_us)"
    " VALUES ($1, $2, $3, $4)"};
constexpr Query delete_expired_sealed{
    "idempotency.delete_expired_sealed",
    "DELETE FROM idempotency_secrets WHERE digest IN (SELECT digest FROM idempotency_secrets"
    " WHERE expires_at_us <= $1 LIMIT $2)"};

constexpr std::int64_t thirty_days_s = 30 * 24 * 3600;

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

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

std::string purpose_of(const Key& key) {
  return "idempotency.answer:" + crypto::to_hex(bytes_of(key.digest));
}

struct DigestHash {
  std::size_t operator()(const Digest& digest) const noexcept {
    std::size_t bits = 0;
    std::memcpy(&bits, digest.data() + 8, sizeof bits);
    return bits;
  }
};

}  // namespace

Digest digest_of(std::initializer_list<std::string_view> pieces) {
  std::string text;
  for (const std::string_view piece : pieces) {
    const std::uint64_t size = piece.size();
    text.append(reinterpret_cast<const char*>(&size), sizeof size);
    text += piece;
  }
  const crypto::Sha256 full = crypto::sha256(text);
  Digest digest;
  std::copy_n(full.begin(), digest.size(), digest.begin());
  return digest;
}

std::optional<Key> key_of(const http::Request& request, std::string_view route, Lifetime lifetime) {
  const auto text = request.idempotency_key();
  if (!text) return std::nullopt;
  return Key{digest_of({std::to_string(request.caller.tenant.value), request.method, route, *text}),
             digest_of({request.method, request.path, request.body}), lifetime,
             request.caller.tenant};
}

bool is_remembered(const Error& error) {
  if (error.code == errors::idempotency_mismatch || error.code == errors::request_in_progress)
    return false;
  return error.code.kind == ErrorKind::rejected ||
         error.code.kind == ErrorKind::insufficient_funds || error.code.kind == ErrorKind::conflict;
}

Result<Record> replay_of(const Record& record, const Key& key) {
  if (record.request == key.request) return record;
  return Error{errors::idempotency_mismatch,
               "this Idempotency-Key was used with another request; use a new key"};
}

Result<std::optional<Record>> find(sql::Tx& tx, const Digest& digest) {
  std::optional<Record> found;
  TRY(tx.query(find_key, {Param::blob(bytes_of(digest))}, [&](const sql::Row& row) {
    found = read_record(row);
    return false;
  }));
  return found;
}

namespace {

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

Result<void> insert(sql::Tx& tx, const Key& key, const Record& record, Timestamp now) {
  return tx.send(insert_key, RowToWrite(tx.seal_key(), key, record, now).values());
}

Result<void> ask_all(sql::Questions& questions, std::span<const Digest> digests,
                     const EntryVisitor& visit) {
  if (digests.empty()) return {};
  sql::Blobs wanted;
  for (const Digest& digest : digests) wanted.add(bytes_of(digest));
  return questions.ask(find_keys, {wanted.param()}, [visit](const sql::Row& row) {
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

// ---------------------------------------------------------------- keys in flight

struct InFlight::Impl {
  struct Shard {
    std::mutex mutex;
    std::unordered_set<Digest, DigestHash> taken;
  };
  std::array<Shard, 16> shards;
  Shard& shard_of(const Digest& digest) { return shards[digest[0] % shards.size()]; }
};

InFlight::InFlight() : impl_(std::make_unique<Impl>()) {}
InFlight::~InFlight() = default;

Result<InFlight::Ticket> InFlight::enter(const Key& key) {
  Impl::Shard& shard = impl_->shard_of(key.digest);
  const std::lock_guard lock(shard.mutex);
  if (!shard.taken.insert(key.digest).second) {
    return Error{
        errors::request_in_progress, "a request with this Idempotency-Key is still running", {}, 1};
  }
  return Ticket(*this, key.digest);
}

InFlight::Ticket& InFlight::Ticket::operator=(Ticket&& other) noexcept {
  if (this == &other) return *this;
  release();
  owner_ = other.owner_;
  digest_ = other.digest_;
  other.owner_ = nullptr;
  return *this;
}

void InFlight::Ticket::release() {
  if (!owner_) return;
  Impl::Shard& shard = owner_->impl_->shard_of(digest_);
  const std::lock_guard lock(shard.mutex);
  shard.taken.erase(digest_);
  owner_ = nullptr;
}

// ---------------------------------------------------------------- sync requests

http::Response replayed(int status, std::string body) {
  http::Response response{status, std::move(body)};
  if (status >= 400) response.content_type = "application/problem+json";
  response.headers.push_back({"Idempotent-Replayed", "true"});
  return response;
}

Idempotency::Idempotency(sql::Database& database, const Clock& clock)
    : database_(database), clock_(clock) {}

Result<http::Response> Idempotency::run(const http::Request& request, std::string_view route,
                                        Lifetime lifetime, const Work& work) {
  const Keeping in_clear{
      [this](sql::Tx& tx, const Key& key, http::Response&& fresh) {
        return insert(tx, key, {key.request, 0, fresh.status, std::move(fresh.body)}, clock_.now());
      },
      [](sql::Tx&, const Key&, Record&& record) -> Result<std::string> {
        return std::move(record.body);
      }};
  return run_kept(request, route, lifetime, work, in_clear);
}

Result<http::Response> Idempotency::run_showing_secret(const http::Request& request,
                                                       std::string_view route,
                                                       const crypto::Vault& vault,
                                                       const SecretWork& work) {
  std::string remembered;
  const Keeping sealed{
      [&](sql::Tx& tx, const Key& key, http::Response&& fresh) -> Result<void> {
        const Timestamp now = clock_.now();
        TRY(insert(tx, key, {key.request, 0, fresh.status, remembered}, now));
        const auto copy = vault.seal(Secret(std::move(fresh.body)), purpose_of(key));
        if (!copy) return {};  // The key is lost: the secret is shown this once.
        return tx.send(insert_sealed, {Param::blob(bytes_of(key.digest)), key.tenant.value, *copy,
                                       now.plus_seconds(secret_shown_for_s).us});
      },
      [&](sql::Tx& tx, const Key& key, Record&& record) -> Result<std::string> {
        std::optional<Secret> shown;
        TRY(tx.query(find_sealed, {Param::blob(bytes_of(key.digest)), clock_.now().us},
                     [&](const sql::Row& row) {
                       if (auto opened = vault.open(row.text(0), purpose_of(key)))
                         shown = *std::move(opened);
                       return false;
                     }));
        return shown ? std::string(shown->reveal()) : std::move(record.body);
      }};
  return run_kept(
      request, route, Lifetime::thirty_days,
      [&](sql::Tx& tx) -> Result<http::Response> {
        SecretAnswer answer = TRY(work(tx));
        remembered = std::move(answer.remembered);
        return std::move(answer.response);
      },
      sealed);
}

Result<http::Response> Idempotency::run_kept(const http::Request& request, std::string_view route,
                                             Lifetime lifetime, const Work& work,
                                             const Keeping& keeping) {
  const auto key = key_of(request, route, lifetime);
  if (!key) return database_.write([&](sql::Tx& tx) { return work(tx); });

  const InFlight::Ticket ticket = TRY(in_flight_.enter(*key));
  bool found_earlier = false;
  Result<http::Response> response = database_.write([&](sql::Tx& tx) -> Result<http::Response> {
    if (const auto earlier = TRY(find(tx, key->digest))) {
      found_earlier = true;
      Record record = TRY(replay_of(*earlier, *key));
      const int status = record.status;
      return replayed(status, TRY(keeping.body_of(tx, *key, std::move(record))));
    }
    http::Response fresh = TRY(work(tx));
    TRY(keeping.store(tx, *key, http::Response(fresh)));
    return fresh;
  });
  if (response || found_earlier || !is_remembered(response.error())) return response;

  // The refusal undid the work; what the client is told is kept by itself.
  http::Response refusal = http::problem(response.error(), request.request_id);
  TRY(database_.write([&](sql::Tx& tx) {
    return insert(tx, *key, {key->request, 0, refusal.status, refusal.body}, clock_.now());
  }));
  return refusal;
}

}  // namespace florin::idempotency
