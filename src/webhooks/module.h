#pragma once
#include <span>

#include "platform/http/route.h"
#include "platform/json/value.h"
#include "platform/sql/migration.h"

namespace florin::idempotency {
class Idempotency;
}

namespace florin::webhooks {
class Webhooks;

std::span<const sql::Migration> migrations();
/// What the API document has of this module's resources.
json::Object api_schemas();
/// /v1/webhook-endpoints and /v1/webhook-deliveries.
http::Routes routes(Webhooks& webhooks, idempotency::Idempotency& idempotency);

}  // namespace florin::webhooks
