#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/words.h"
#include "hub/hub.h"

namespace florin::sql {
class Tx;
}

/// Rows of partners and their sealed secrets.
namespace florin::hub::store {

enum class SecretKind : std::uint8_t { calls, operator_calls };
constexpr auto words_of(SecretKind) {
  return std::to_array<Word<SecretKind>>(
      {{SecretKind::calls, "calls"}, {SecretKind::operator_calls, "operator"}});
}

struct StoredSecret {
  std::int64_t id = 0;
  PartnerId partner;
  SecretKind kind = SecretKind::calls;
  std::string sealed;
  Timestamp created_at;
  std::optional<Timestamp> valid_until = {};
};

Result<std::vector<Partner>> load_partners(sql::Tx& tx);
Result<std::optional<Partner>> load_partner(sql::Tx& tx, TenantId tenant, PartnerId id);
/// Of any tenant: a code is a partner's alone.
Result<std::optional<Partner>> load_partner(sql::Tx& tx, std::string_view code);
Result<void> insert_partner(sql::Tx& tx, const Partner& partner);
Result<void> update_partner(sql::Tx& tx, const Partner& partner);

/// The newest first.
Result<std::vector<StoredSecret>> load_secrets(sql::Tx& tx);
Result<void> insert_secret(sql::Tx& tx, const StoredSecret& secret);
/// Ends all of a kind at that moment, unless they end earlier.
Result<void> end_secrets(sql::Tx& tx, PartnerId partner, SecretKind kind, Timestamp at);

}  // namespace florin::hub::store
