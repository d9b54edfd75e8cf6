#pragma once
#include <functional>

#include "base/clock.h"
#include "hub/partners/partners.h"
#include "hub/wallet/movement_batcher.h"
#include "hub/wallet/settlement.h"
#include "platform/http/route.h"

namespace florin::idempotency {
class Idempotency;
}
namespace florin::ledger {
class LedgerService;
}

namespace florin::hub {
class InternalWallet;
class OperatorWallet;

/// What the wallet API works with.
struct WalletParts {
  sql::Database& database;
  const Clock& clock;
  Partners& partners;
  InternalWallet& internal;
  OperatorWallet& operator_wallet;
  operators::OperatorClient& client;
  Settlement& settlement;
  ledger::LedgerService& ledger;
  idempotency::Idempotency& idempotency;
};

/// POST /wallet/{debit,credit,rollback,balance} and GET /wallet/transactions, signed by partners;
/// GET /v1/wallet-transactions and POST /v1/wallet-transactions/{id}/decide, for staff with an API
/// key.
http::Routes wallet_routes(const WalletParts& parts);

}  // namespace florin::hub
