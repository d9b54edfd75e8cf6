#include "access/stored_keys.h"

#include <sstream>

#include "base/try.h"
#include "platform/sql/table.h"

namespace florin::access {
namespace {

using sql::Query;
using sql::Role;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

std::optional<std::vector<std::string>> split(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::vector<std::string> list;
  for (std::string word; words >> word;) list.push_back(word);
  return list;
}

const sql::Table<StoredKey> api_keys(
    "api_keys", {
                    {"id", &ApiKey::id, {.role = Role::key}},
                    {"tenant_id", &ApiKey::tenant, {.role = Role::fixed}},
                    {"name", &ApiKey::name, {.role = Role::fixed}},
                    {"hash", &StoredKey::hash, {.role = Role::fixed}},
                    {"hint", &ApiKey::hint, {.role = Role::fixed}},
                    {"mode", &ApiKey::mode, {.role = Role::fixed}},
                    {"permissions", &ApiKey::permissions, {joined, split}, {.role = Role::fixed}},
                    {"rate_limit_per_second", &ApiKey::rate_limit_per_second},
                    {"expires_at_us", &ApiKey::expires_at},
                    {"revoked_at_us", &ApiKey::revoked_at},
                    {"created_at_us", &ApiKey::created_at, {.role = Role::fixed}},
                });
const auto keys_all = api_keys.select("access.keys", "ORDER BY id");
const auto key_by_hash = api_keys.select("access.key_by_hash", "WHERE hash = $1");
constexpr Query version{
    "access.keys_version",
    "SELECT count(*), count(revoked_at_us), coalesce(max(id), 0) FROM api_keys"};

}  // namespace

Result<void> insert_key(sql::Tx& tx, const StoredKey& key) { return api_keys.insert(tx, key); }

Result<std::vector<StoredKey>> load_keys(sql::Tx& tx) { return keys_all.all(tx); }

Result<std::optional<StoredKey>> load_key(sql::Tx& tx, const crypto::Sha256& hash) {
  return key_by_hash.first(tx, {sql::Param::blob(crypto::bytes_of(hash))});
}

Result<KeysVersion> keys_version(sql::Tx& tx) {
  KeysVersion found;
  TRY(tx.query(version, {}, [&](const sql::Row& row) {
    found = {row.integer(0), row.integer(1), row.integer(2)};
    return false;
  }));
  return found;
}

}  // namespace florin::access
