#include "webhooks/endpoints/requests.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/try.h"
#include "events/event_types.h"
#include "platform/http/route.h"
#include "webhooks/delivery/fields.h"
#include "webhooks/endpoints/fields.h"

namespace florin::webhooks::requests {
namespace {

using Problems = std::vector<FieldError>;

/// A missing body reads as an empty object.
std::string_view body_of(const http::Request& request) {
  return request.body.empty() ? std::string_view("{}") : request.body;
}

/// A certificate is of no use without its key, nor a key without its certificate.
Problems broken_certificate(const EndpointDraft& endpoint) {
  const bool is_key_given = endpoint.private_key_pem && !endpoint.private_key_pem->empty();
  if (!endpoint.tls.certificate_pem && is_key_given)
    return {{"/client_certificate_pem", "required", "is required with client_key_pem"}};
  const bool has_key = endpoint.private_key_pem ? is_key_given : endpoint.has_stored_key;
  if (endpoint.tls.certificate_pem && !has_key)
    return {{"/client_key_pem", "required", "is required with client_certificate_pem"}};
  return {};
}

/// Events of webhooks themselves are sent only where they are named exactly, never as a family.
bool can_be_selected(std::string_view text, const events::EventTypes& types) {
  const bool is_silent_family = text.starts_with("webhook.") && text.ends_with(".*");
  return !is_silent_family && types.has_type_or_family(text);
}

Problems broken_types(const EndpointDraft& endpoint) {
  const std::vector<std::string>& wanted = endpoint.selection.event_types;
  const std::vector<std::string>& stored = endpoint.stored_types;
  const bool is_good = std::all_of(wanted.begin(), wanted.end(), [&](std::string_view text) {
    return can_be_selected(text, *endpoint.known_types) ||
           std::find(stored.begin(), stored.end(), text) != stored.end();
  });
  if (is_good) return {};
  return {{"/event_types", "unknown_event_type",
           "must name event types, or families out of " + endpoint.known_types->families() +
               "; those of webhook.* by their exact type"}};
}

/// What is not a matter of one field alone.
Problems broken_together(const EndpointDraft& endpoint) {
  Problems problems = broken_types(endpoint);
  for (FieldError& problem : broken_certificate(endpoint)) problems.push_back(std::move(problem));
  return problems;
}

Problems broken_rotation(const Rotation& rotation) {
  if (rotation.kind != SecretKind::ed25519 || !rotation.secret) return {};
  return {{"/secret", "not_allowed", "an ed25519 key is always generated"}};
}

Problems broken_replay(const ReplayRequest& replay) {
  if (replay.failed != replay.since.has_value()) return {};
  if (replay.failed) return {{"/since", "not_allowed", "cannot be given with failed"}};
  return {{"/since", "required", "is required unless failed is true"}};
}

/// A parameter that `parse` understands, or a problem.
template <class Parse>
std::invoke_result_t<Parse, std::string_view> read_param(const http::Request& request,
                                                         std::string_view name, Problems& problems,
                                                         const Parse& parse, BrokenRule rule) {
  const auto text = request.query_param(name);
  auto value = text ? parse(*text) : std::nullopt;
  if (text && !value)
    problems.push_back({"#/query/" + std::string(name), rule.rule, std::move(rule.detail)});
  return value;
}

}  // namespace

Result<EndpointDraft> new_endpoint(const http::Request& request, const DeliveryPolicy& policy,
                                   const events::EventTypes& types) {
  EndpointDraft start;
  start.tenant = request.caller.tenant;
  start.policy = policy;
  start.known_types = &types;
  return json::read_new(endpoint_fields(), body_of(request), std::move(start), broken_together);
}

Result<EndpointDraft> change(const http::Request& request, const Endpoint& before,
                             const events::EventTypes& types) {
  EndpointDraft start{before};
  start.has_stored_key = before.tls.certificate_pem.has_value();
  start.known_types = &types;
  start.stored_types = before.selection.event_types;
  return json::read_change(endpoint_fields(), body_of(request), std::move(start), broken_together);
}

Result<Rotation> rotation(const http::Request& request) {
  return json::read_new(rotation_fields(), body_of(request), Rotation(), broken_rotation);
}

Result<ReplayRequest> replay(const http::Request& request) {
  return json::read_new(replay_fields(), body_of(request), ReplayRequest(), broken_replay);
}

Result<DeliveryFilter> delivery_filter(const http::Request& request,
                                       const events::EventTypes& types) {
  DeliveryFilter filter;
  Problems problems;
  filter.endpoint = read_param(request, "endpoint_id", problems, EndpointId::parse,
                               {"malformed", "must be the id of an endpoint"});
  filter.event = read_param(request, "event_id", problems, EventId::parse,
                            {"malformed", "must be the id of an event"});
  filter.state = read_param(request, "state", problems, parse_word<DeliveryState>,
                            {"unknown_value", must_be_one_of(all_words<DeliveryState>())});
  const auto event_type_of = [&types](std::string_view text) {
    return types.has(text) ? std::optional(std::string(text)) : std::nullopt;
  };
  filter.event_type = read_param(
      request, "event_type", problems, event_type_of,
      {"unknown_event_type", "must be an event type of the families " + types.families()});
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return filter;
}

}  // namespace florin::webhooks::requests
