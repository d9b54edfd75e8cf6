#pragma once
#include <string>
#include <vector>

#include "webhooks/delivery/delivery.h"
#include "webhooks/endpoints/endpoints.h"

namespace florin::webhooks {

/// As the API shows them. An endpoint never shows its secrets or its private key.
std::string to_json(const Endpoint& endpoint);
std::string to_json(const EndpointView& view);
std::string to_json(const Delivery& delivery);
std::string to_json(const Delivery& delivery, const std::vector<Attempt>& attempts);
/// With the key itself; without, for the answer that an idempotency key remembers.
std::string to_json(const EndpointSecret& secret, bool is_revealed);

}  // namespace florin::webhooks
