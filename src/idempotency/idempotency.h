#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "platform/http/message.h"
#include "platform/sql/sealer.h"

namespace florin::crypto {
class Vault;
}
namespace florin::sql {
class Database;
class Questions;
class Tx;
}  // namespace florin::sql

namespace florin::idempotency {

/// 128 bits of a SHA-256: enough that no two keys meet by chance.
using Digest = std::array<std::uint8_t, 16>;
/// Of pieces with their lengths, so that no two lists of pieces meet.
Digest digest_of(std::initializer_list<std::string_view> pieces);

enum class Lifetime : std::uint8_t {
  forever,     ///< Keys of requests that move money.
  thirty_days  ///< All others.
};

/// A client's key as it is stored: the digest of tenant, route and key, and the digest of what was
/// asked (method, path with its parameters, raw body).
struct Key {
  Digest digest{};
  Digest request{};
  Lifetime lifetime = Lifetime::forever;
  TenantId tenant = {};
};

/// The key of a request; nothing when it carries none. `route` is the route's pattern.
std::optional<Key> key_of(const http::Request& request, std::string_view route, Lifetime lifetime);

/// How a request ended the first time. `ref` names an immutable object whose rendering is the body
/// (0: none, `body` holds it); that spares a second copy of every transfer.
struct Record {
  Digest request{};
  std::int64_t ref = 0;
  int status = 0;
  std::string body;
};

/// A key and what it remembers.
struct Entry {
  Key key;
  Record record;
};

/// Whether an error is an answer that a key remembers. Errors found before execution (invalid,
/// unauthenticated, forbidden, not_found, limited) and faults of ours do not use the key up.
bool is_remembered(const Error& error);

/// What a found record means for a request: the record, or idempotency_mismatch when another
/// request used the key.
Result<Record> replay_of(const Record& record, const Key& key);

/// What a key's seal covers.
inline constexpr sql::SealedTable sealed_keys{
    "idempotency_keys", "bbiitiii",
    "digest, request, ref, status, body, created_at_us, expires_at_us, tenant_id"};

/// The rows. Stateless, safe for concurrent use.
Result<std::optional<Record>> find(sql::Tx& tx, const Digest& digest);
/// Errors: constraint_violated when the key is there already.
Result<void> insert(sql::Tx& tx, const Key& key, const Record& record, Timestamp now);
/// find() for many on PostgreSQL, in one statement: `visit` hears of those that are there, when the
/// questions are settled.
using EntryVisitor = std::function<void(const Digest&, Record)>;
Result<void> ask_all(sql::Questions& questions, std::span<const Digest> digests,
                     const EntryVisitor& visit);
/// insert() for many, at once where the engine can.
Result<void> insert_all(sql::Tx& tx, std::span<const Entry> entries, Timestamp now);
/// Deletes up to `limit` keys past their lifetime, and as many sealed answers past theirs; returns
/// how many keys.
Result<std::int64_t> remove_expired(sql::Tx& tx, Timestamp now, int limit);

/// The keys being worked on in this process, so that a second request hears "still running" instead
/// of waiting. Safe for concurrent use.
class InFlight {
 public:
  InFlight();
  ~InFlight();

  /// Frees its key when it goes. Movable; an empty one holds nothing.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(InFlight& owner, const Digest& digest) : owner_(&owner), digest_(digest) {}
    Ticket(Ticket&& other) noexcept : owner_(other.owner_), digest_(other.digest_) {
      other.owner_ = nullptr;
    }
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket() { release(); }
    void release();

   private:
    InFlight* owner_ = nullptr;
    Digest digest_{};
  };

  /// Errors: request_in_progress (with retry_after_s) when the key is taken.
  Result<Ticket> enter(const Key& key);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// How long a replay shows again a secret that an answer has shown.
constexpr std::int64_t secret_shown_for_s = 3'600;

/// An answer that shows a secret.
struct SecretAnswer {
  http::Response response;  ///< As the client gets it.
  std::string remembered;   ///< Its body without the secret: what is stored in clear.
};

/// Runs sync requests at most once per key: the answer is written in the commit of the work itself.
class Idempotency {
 public:
  using Work = std::function<Result<http::Response>(sql::Tx&)>;

  Idempotency(sql::Database& database, const Clock& clock);

  /// Without a key: the work, as a unit of work. With one: the stored answer with
  /// `Idempotent-Replayed: true`, or the work and its answer in one commit; a refusal that the key
  /// remembers undoes the work and is stored as the problem document it became.
  /// Errors: those of the work; idempotency_mismatch, request_in_progress; store errors.
  Result<http::Response> run(const http::Request& request, std::string_view route,
                             Lifetime lifetime, const Work& work);

  /// run() for thirty days, of work whose answer shows a secret. The answer itself is kept sealed,
  /// for secret_shown_for_s; later replays, and those whose sealed copy does not open, get what is
  /// remembered.
  using SecretWork = std::function<Result<SecretAnswer>(sql::Tx&)>;
  Result<http::Response> run_showing_secret(const http::Request& request, std::string_view route,
                                            const crypto::Vault& vault, const SecretWork& work);

  InFlight& in_flight() { return in_flight_; }

 private:
  /// How an answer is kept beside its key, and found again.
  struct Keeping {
    std::function<Result<void>(sql::Tx&, const Key&, http::Response&&)> store;
    std::function<Result<std::string>(sql::Tx&, const Key&, Record&&)> body_of;
  };
  Result<http::Response> run_kept(const http::Request& request, std::string_view route,
                                  Lifetime lifetime, const Work& work, const Keeping& keeping);
  sql::Database& database_;
  const Clock& clock_;
  InFlight in_flight_;
};

/// A stored answer as a response, marked as replayed.
http::Response replayed(int status, std::string body);

}  // namespace florin::idempotency
