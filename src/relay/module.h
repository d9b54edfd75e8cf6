#pragma once
#include <span>

#include "platform/http/route.h"
#include "platform/sql/migration.h"

namespace florin::idempotency {
class Idempotency;
}

namespace florin::relay {
class Relay;

std::span<const sql::Migration> migrations();
/// POST /v1/inbound-events.
http::Routes routes(Relay& relay, idempotency::Idempotency& idempotency);

}  // namespace florin::relay
