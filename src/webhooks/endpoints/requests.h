#pragma once
#include "base/result.h"
#include "platform/http/message.h"
#include "webhooks/delivery/delivery.h"
#include "webhooks/endpoints/endpoints.h"

namespace florin::events {
class EventTypes;
}

/// From HTTP requests to what the module works with; each names every bad field at once.
/// Errors: validation_failed, malformed_json.
namespace florin::webhooks::requests {

/// `policy` gives the defaults.
Result<EndpointDraft> new_endpoint(const http::Request& request, const DeliveryPolicy& policy,
                                   const events::EventTypes& types);
Result<EndpointDraft> change(const http::Request& request, const Endpoint& before,
                             const events::EventTypes& types);
Result<Rotation> rotation(const http::Request& request);
Result<ReplayRequest> replay(const http::Request& request);
Result<DeliveryFilter> delivery_filter(const http::Request& request,
                                       const events::EventTypes& types);

}  // namespace florin::webhooks::requests
