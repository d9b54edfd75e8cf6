#pragma once
#include "hub/partners/partners.h"
#include "platform/http/route.h"

namespace florin::idempotency {
class Idempotency;
}
namespace florin::ledger {
class LedgerService;
}

namespace florin::http_client {
class AddressGuard;
}

namespace florin::hub {
namespace operators {
class OperatorClient;
}

/// What the routes work with; it outlives them.
struct PartnerRoutesParts {
  Partners& partners;
  ledger::LedgerService& ledger;
  idempotency::Idempotency& idempotency;
  const crypto::Vault& vault;
  const http_client::AddressGuard& guard;  ///< Where tenants may have Operators.
  operators::OperatorClient& client;
};

/// /v1/partners: create, list, get, change, rotate the secret, open a player's wallet.
http::Routes partner_routes(const PartnerRoutesParts& parts);

}  // namespace florin::hub
