#pragma once
#include <string>
#include <vector>

#include "platform/json/fields.h"
#include "webhooks/delivery/delivery.h"

/// Deliveries and attempts in the API: reading, writing and the schemas of the API document.
namespace florin::webhooks {

const json::Fields<ReplayRequest>& replay_fields();

std::string to_json(const Delivery& delivery);
std::string to_json(const Delivery& delivery, const std::vector<Attempt>& attempts);

/// WebhookDelivery, WebhookAttempt and WebhookReplay of the API document.
json::Object delivery_schemas();

}  // namespace florin::webhooks
