#pragma once
#include "hub/partners.h"
#include "hub/wallet_json.h"
#include "platform/http/route.h"

namespace florin::ledger {
class LedgerService;
}

namespace florin::hub {

/// /v1/partners: create, list, get, change, rotate the secret, open a player's wallet.
http::Routes partner_routes(Partners& partners, ledger::LedgerService& ledger,
                            idempotency::Idempotency& idempotency, const crypto::Vault& vault);

}  // namespace florin::hub
