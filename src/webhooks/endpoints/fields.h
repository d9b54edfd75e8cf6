#pragma once
#include <string>
#include <string_view>

#include "platform/json/fields.h"
#include "webhooks/endpoints/endpoints.h"

/// Endpoints and their secrets in the API: reading, writing and the schemas of the API document.
namespace florin::webhooks {

const json::Fields<EndpointDraft>& endpoint_fields();
const json::Fields<Rotation>& rotation_fields();
/// The filter as it is given, shown and kept in its column.
json::Codec<FieldFilter> filter_codec();

std::string to_json(const Endpoint& endpoint);
std::string to_json(const EndpointView& view);
/// `is_revealed`: with the text of an HMAC secret, which answers that are remembered do not have.
std::string to_json(const EndpointSecret& secret, bool is_revealed);
/// The `data` of events about endpoints.
std::string event_data(const Endpoint& endpoint);

/// WebhookEndpoint, NewWebhookEndpoint and what else is made here for the API document.
json::Object endpoint_schemas();

}  // namespace florin::webhooks
