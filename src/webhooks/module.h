#pragma once
#include <span>

#include "platform/http/route.h"
#include "platform/modules/module.h"

namespace florin::idempotency {
class Idempotency;
}

namespace florin::webhooks {
class Webhooks;

/// Provides Webhooks.
modules::Module module();
std::span<const sql::Migration> migrations();
/// The schemas of the API document that are made from descriptions of fields.
json::Object api_schemas();

/// /v1/webhook-endpoints and /v1/webhook-deliveries.
http::Routes routes(Webhooks& webhooks, idempotency::Idempotency& idempotency);

}  // namespace florin::webhooks
