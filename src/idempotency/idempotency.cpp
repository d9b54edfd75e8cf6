#include "idempotency/idempotency.h"

#include <array>
#include <mutex>
#include <unordered_set>

#include "base/try.h"
#include "idempotency/errors.h"
#include "idempotency/key_store.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/vault.h"
#include "platform/sql/database.h"

namespace florin::idempotency {
namespace {

using sql::Param;
using sql::Query;

constexpr Query find_sealed{
    "idempotency.find_sealed",
    "SELECT sealed FROM idempotency_secrets WHERE digest = $1 AND expires_at_us > $2"};
constexpr Query insert_sealed{
    "idempotency.insert_sealed",
    "INSERT INTO idempotency_secrets (digest, tenant_id, sealed, expires_at_us)"
    " VALUES ($1, $2, $3, $4)"};

std::string purpose_of(const Key& key) {
  return "idempotency.answer:" + crypto::to_hex(bytes_of(key.digest));
}

}  // namespace

std::optional<Key> key_of(const http::Request& request, Lifetime lifetime) {
  const auto text = request.idempotency_key();
  if (!text) return std::nullopt;
  return Key{digest_of({std::to_string(request.caller.tenant.value), request.method, request.route,
                        *text}),
             digest_of({request.method, request.path, request.body}), lifetime,
             request.caller.tenant};
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

Result<http::Response> Idempotency::run(const http::Request& request, Lifetime lifetime,
                                        const Work& work) {
  const Keeping in_clear{
      [this](sql::Tx& tx, const Key& key, http::Response&& fresh) {
        return insert(tx, key, {key.request, 0, fresh.status, std::move(fresh.body)}, clock_.now());
      },
      [](sql::Tx&, const Key&, Record&& record) -> Result<std::string> {
        return std::move(record.body);
      }};
  return run_kept(request, lifetime, work, in_clear);
}

Result<http::Response> Idempotency::run_showing_secret(const http::Request& request,
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
      request, Lifetime::thirty_days,
      [&](sql::Tx& tx) -> Result<http::Response> {
        SecretAnswer answer = TRY(work(tx));
        remembered = std::move(answer.remembered);
        return std::move(answer.response);
      },
      sealed);
}

Result<http::Response> Idempotency::run_kept(const http::Request& request, Lifetime lifetime,
                                             const Work& work, const Keeping& keeping) {
  const auto key = key_of(request, lifetime);
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

  // The refusal rolled the work back; the answer is stored in a unit of work of its own.
  http::Response refusal = http::problem(response.error(), request.request_id);
  TRY(database_.write([&](sql::Tx& tx) {
    return insert(tx, *key, {key->request, 0, refusal.status, refusal.body}, clock_.now());
  }));
  return refusal;
}

}  // namespace florin::idempotency
