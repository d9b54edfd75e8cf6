#pragma once
#include "platform/http/route.h"

namespace florin::idempotency {
class Idempotency;
}

namespace florin::ledger {
class LedgerService;
class LedgerQueries;

/// The ledger over HTTP. Commands are hot routes; accounts and queries run on the worker pool.
http::Routes ledger_routes(LedgerService& service, LedgerQueries& queries,
                           idempotency::Idempotency& idempotency);

}  // namespace florin::ledger
