#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/result.h"

namespace florin::idempotency {

/// 128 bits of a SHA-256: enough that no two keys meet by chance.
using Digest = std::array<std::uint8_t, 16>;
/// Of pieces with their lengths, so that no two lists of pieces meet.
Digest digest_of(std::initializer_list<std::string_view> pieces);
std::string_view bytes_of(const Digest& digest);
/// For hash tables: a digest is uniform already.
struct DigestHash {
  std::size_t operator()(const Digest& digest) const noexcept {
    std::size_t bits = 0;
    std::memcpy(&bits, digest.data() + 8, sizeof bits);
    return bits;
  }
};

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

/// How a request ended the first time. `ref` is the id of what it made: its module renders the
/// answer from that again, and from what it may have put into `body` besides. 0: `body` is the
/// answer as it was sent.
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

}  // namespace florin::idempotency
