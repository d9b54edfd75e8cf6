#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/hub.h"

namespace florin::sql {
class Tx;
}

/// Rows of partners and their sealed secrets; as hub_store.h.
namespace florin::hub::store {

enum class SecretKind : std::uint8_t { calls, operator_calls };

struct StoredSecret {
  PartnerId partner;
  SecretKind kind = SecretKind::calls;
  std::string sealed;
  std::optional<Timestamp> valid_until;
};

Result<std::vector<Partner>> load_partners(sql::Tx& tx);
Result<std::optional<Partner>> load_partner(sql::Tx& tx, TenantId tenant, PartnerId id);
/// Of any tenant: a code is a partner's alone.
Result<std::optional<Partner>> load_partner(sql::Tx& tx, std::string_view code);
Result<void> insert_partner(sql::Tx& tx, const Partner& partner);
Result<void> update_partner(sql::Tx& tx, const Partner& partner);

/// The newest first.
Result<std::vector<StoredSecret>> load_secrets(sql::Tx& tx);
Result<void> insert_secret(sql::Tx& tx, std::int64_t id, const StoredSecret& secret, Timestamp now);
/// Ends all of a kind at that moment, unless they end earlier.
Result<void> end_secrets(sql::Tx& tx, PartnerId partner, SecretKind kind, Timestamp at);

}  // namespace florin::hub::store
