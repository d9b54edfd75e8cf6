#pragma once
#include <span>

#include "platform/http/route.h"
#include "platform/json/value.h"
#include "platform/modules/module.h"

namespace florin::idempotency {
class Idempotency;
}

namespace florin::relay {
class Relay;

/// Event log to Kafka, and inbound events.
modules::Module module();
std::span<const sql::Migration> migrations();

/// The schemas of the API document that are made from descriptions of fields.
json::Object api_schemas();
/// POST /v1/inbound-events.
http::Routes routes(Relay& relay, idempotency::Idempotency& idempotency);

}  // namespace florin::relay
