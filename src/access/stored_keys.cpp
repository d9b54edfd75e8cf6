#include "access/stored_keys.h"

#include <algorithm>
#include <cstring>
#include <sstream>

#include "base/try.h"
#include "platform/sql/database.h"
#include "platform/sql/words.h"

namespace florin::access {
namespace {

using sql::Query;
using sql::Row;

#define FLORIN_KEY_COLUMNS                                                             \
  "SELECT id, tenant_id, name, hash, hint, mode, permissions, rate_limit_per_second, " \
  "expires_at_us,"                                                                     \
  " revoked_at_us, created_at_us FROM api_keys"
constexpr Query keys_all{"access.keys", FLORIN_KEY_COLUMNS " ORDER BY id"};
constexpr Query key_by_hash{"access.key_by_hash", FLORIN_KEY_COLUMNS " WHERE hash = $1"};
#undef FLORIN_KEY_COLUMNS
constexpr Query version{
    "access.keys_version",
    "SELECT count(*), count(revoked_at_us), coalesce(max(id), 0) FROM api_keys"};

std::vector<std::string> split(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::vector<std::string> list;
  for (std::string word; words >> word;) list.push_back(word);
  return list;
}

std::optional<Timestamp> time_of(const Row& row, int column) {
  const auto us = row.optional_integer(column);
  return us ? std::optional(Timestamp{*us}) : std::nullopt;
}

constexpr sql::Words<KeyMode, 2> modes{{{"live", KeyMode::live}, {"test", KeyMode::test}}};

StoredKey read_key(const Row& row) {
  StoredKey stored;
  const std::string_view hash = row.blob(3);
  std::memcpy(stored.hash.data(), hash.data(), std::min(hash.size(), stored.hash.size()));
  stored.key = {.id = {row.integer(0)},
                .tenant = {row.integer(1)},
                .name = std::string(row.text(2)),
                .hint = std::string(row.text(4)),
                .mode = sql::word(row, 5, "api_keys.mode", modes),
                .permissions = split(row.text(6)),
                .rate_limit_per_second = row.integer(7),
                .expires_at = time_of(row, 8),
                .revoked_at = time_of(row, 9),
                .created_at = {row.integer(10)}};
  return stored;
}

}  // namespace

Result<std::vector<StoredKey>> load_keys(sql::Tx& tx) {
  std::vector<StoredKey> keys;
  TRY(tx.query(keys_all, {}, [&](const Row& row) {
    keys.push_back(read_key(row));
    return true;
  }));
  return keys;
}

Result<std::optional<StoredKey>> load_key(sql::Tx& tx, const crypto::Sha256& hash) {
  std::optional<StoredKey> found;
  TRY(tx.query(key_by_hash, {sql::Param::blob(crypto::bytes_of(hash))}, [&](const Row& row) {
    found = read_key(row);
    return false;
  }));
  return found;
}

Result<KeysVersion> keys_version(sql::Tx& tx) {
  KeysVersion found;
  TRY(tx.query(version, {}, [&](const Row& row) {
    found = {row.integer(0), row.integer(1), row.integer(2)};
    return false;
  }));
  return found;
}

}  // namespace florin::access
