#pragma once
#include <span>

#include "platform/http/route.h"
#include "platform/sql/migration.h"

namespace florin::idempotency {
class Idempotency;
}

namespace florin::webhooks {
class Webhooks;

std::span<const sql::Migration> migrations();
/// /v1/webhook-endpoints and /v1/webhook-deliveries.
http::Routes routes(Webhooks& webhooks, idempotency::Idempotency& idempotency);

}  // namespace florin::webhooks
