#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "idempotency/key.h"
#include "platform/http/message.h"

namespace florin::crypto {
class Vault;
}
namespace florin::sql {
class Database;
class Tx;
}  // namespace florin::sql

namespace florin::idempotency {

/// The key of a request, which is its route's own; nothing when it carries none.
std::optional<Key> key_of(const http::Request& request, Lifetime lifetime);

/// The keys in use in this process: a second request gets request_in_progress instead of waiting.
/// Safe for concurrent use.
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
  Result<http::Response> run(const http::Request& request, Lifetime lifetime, const Work& work);

  /// run() for thirty days, of work whose answer shows a secret. The answer itself is kept sealed,
  /// for secret_shown_for_s; later replays, and those whose sealed copy does not open, get what is
  /// remembered.
  using SecretWork = std::function<Result<SecretAnswer>(sql::Tx&)>;
  Result<http::Response> run_showing_secret(const http::Request& request,
                                            const crypto::Vault& vault, const SecretWork& work);

  InFlight& in_flight() { return in_flight_; }

 private:
  /// How an answer is kept beside its key, and found again.
  struct Keeping {
    std::function<Result<void>(sql::Tx&, const Key&, http::Response&&)> store;
    std::function<Result<std::string>(sql::Tx&, const Key&, Record&&)> body_of;
  };
  Result<http::Response> run_kept(const http::Request& request, Lifetime lifetime, const Work& work,
                                  const Keeping& keeping);
  sql::Database& database_;
  const Clock& clock_;
  InFlight in_flight_;
};

/// A stored answer as a response, marked as replayed.
http::Response replayed(int status, std::string body);

}  // namespace florin::idempotency
