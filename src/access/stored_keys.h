#pragma once
#include <optional>
#include <vector>

#include "access/access.h"
#include "platform/crypto/hash.h"

namespace florin::sql {
class Tx;
}

namespace florin::access {

/// A key with the hash it is found by.
struct StoredKey : ApiKey {
  crypto::Sha256 hash{};
};

Result<void> insert_key(sql::Tx& tx, const StoredKey& key);

/// All keys, revoked and expired ones too, in the order of their ids.
Result<std::vector<StoredKey>> load_keys(sql::Tx& tx);
Result<std::optional<StoredKey>> load_key(sql::Tx& tx, const crypto::Sha256& hash);

/// Differs whenever a key was added or revoked: cheaper to read than all keys.
struct KeysVersion {
  std::int64_t count = 0, revoked = 0, newest = 0;
  friend bool operator==(const KeysVersion&, const KeysVersion&) = default;
};
Result<KeysVersion> keys_version(sql::Tx& tx);

}  // namespace florin::access
