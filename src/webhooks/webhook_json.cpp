#include "webhooks/webhook_json.h"

#include "platform/json/writer.h"
#include "webhooks/delivery/retry_decision.h"
#include "webhooks/delivery/signature.h"
#include "webhooks/stored_json.h"

namespace florin::webhooks {
namespace {

using json::Writer;

template <class T>
void write_optional(Writer& writer, std::string_view name, const std::optional<T>& value) {
  writer.key(name);
  if (value) {
    writer.value(*value);
  } else {
    writer.null();
  }
}

void write_time(Writer& writer, std::string_view name, const std::optional<Timestamp>& at) {
  write_optional(writer, name, at ? std::optional(at->rfc3339()) : std::nullopt);
}

void write_endpoint(Writer& writer, const Endpoint& endpoint) {
  const DeliveryPolicy& policy = endpoint.policy;
  writer.member("id", endpoint.id.str()).member("url", endpoint.url);
  writer.member("description", endpoint.description).member("managed", endpoint.name.has_value());
  writer.member("status", to_string(endpoint.status));
  write_optional(writer, "disabled_reason", endpoint.disabled_reason);
  writer.member_raw("event_types", stored::text_of(endpoint.selection.event_types));
  writer.member_raw("filter", stored::text_of(endpoint.selection.filter));
  write_optional(writer, "order_by", policy.order_by);
  writer.member_raw("retry_delays_ms", stored::text_of(policy.retry_delays_ms));
  writer.member("timeout_ms", policy.timeout_ms);
  write_optional(writer, "rate_limit_per_second", policy.rate_limit_per_second);
  writer.member("max_concurrency", policy.max_concurrency);
  write_optional(writer, "client_certificate_pem", endpoint.tls.certificate_pem);
  const std::string& ca = endpoint.tls.trusted_ca_pem;
  write_optional(writer, "trusted_ca_pem", ca.empty() ? std::nullopt : std::optional(ca));
  write_time(writer, "failing_since", endpoint.failing_since);
  write_time(writer, "last_failure_at", endpoint.last_failure_at);
  write_time(writer, "last_success_at", endpoint.last_success_at);
  write_time(writer, "created_at", endpoint.created_at);
  write_time(writer, "updated_at", endpoint.updated_at);
}

/// Beside the word of a fault, what it means.
void write_reason(Writer& writer, std::string_view name, const std::optional<std::string>& fault,
                  std::optional<int> status) {
  write_optional(writer, name,
                 fault ? std::optional(describe_error(*fault, status)) : std::nullopt);
}

void write_delivery(Writer& writer, const Delivery& delivery) {
  writer.member("id", delivery.id.str()).member("endpoint_id", delivery.endpoint.str());
  writer.member("event_id", delivery.event.str()).member("event_type", delivery.event_type);
  writer.member("state", to_string(delivery.state)).member("attempts", delivery.attempts);
  const bool is_due = is_open(delivery.state) && delivery.next_attempt_at != Delivery::held;
  write_time(writer, "next_attempt_at",
             is_due ? std::optional(delivery.next_attempt_at) : std::nullopt);
  write_optional(writer, "order_key", delivery.order_key);
  writer.member("is_replay", delivery.is_replay);
  write_optional(writer, "last_status", delivery.last_status);
  write_optional(writer, "last_error", delivery.last_error);
  write_reason(writer, "last_reason", delivery.last_error, delivery.last_status);
  write_time(writer, "created_at", delivery.created_at);
  write_time(writer, "delivered_at", delivery.delivered_at);
  write_time(writer, "replayed_at", delivery.replayed_at);
}

void write_attempt(Writer& writer, const Attempt& attempt) {
  writer.begin_object().member("number", attempt.number);
  write_time(writer, "started_at", attempt.started_at);
  writer.member("duration_ms", attempt.duration_us / 1'000);
  write_optional(writer, "status", attempt.status);
  write_optional(writer, "error", attempt.error);
  write_reason(writer, "reason", attempt.error, attempt.status);
  writer.member_raw("request_headers", attempt.request_headers);
  writer.member_raw("response_headers", attempt.response_headers);
  writer.member("response_body", attempt.response_body);
  writer.member("is_cut_off", attempt.is_cut_off).end_object();
}

}  // namespace

std::string to_json(const Endpoint& endpoint) {
  std::string body;
  Writer writer(body);
  writer.begin_object();
  write_endpoint(writer, endpoint);
  writer.end_object();
  return body;
}

std::string to_json(const EndpointView& view) {
  std::string body;
  Writer writer(body);
  writer.begin_object();
  write_endpoint(writer, view.endpoint);
  writer.member_raw("public_keys", stored::text_of(view.public_keys)).end_object();
  return body;
}

std::string to_json(const Delivery& delivery) {
  std::string body;
  Writer writer(body);
  writer.begin_object();
  write_delivery(writer, delivery);
  writer.end_object();
  return body;
}

std::string to_json(const Delivery& delivery, const std::vector<Attempt>& attempts) {
  std::string body;
  Writer writer(body);
  writer.begin_object();
  write_delivery(writer, delivery);
  writer.key("attempt_log").begin_array();
  for (const Attempt& attempt : attempts) write_attempt(writer, attempt);
  writer.end_array().end_object();
  return body;
}

std::string to_json(const EndpointSecret& secret, bool is_revealed) {
  std::string body;
  Writer writer(body);
  writer.begin_object().member("id", secret.id.str()).member("kind", to_string(secret.kind));
  // Receivers verify ed25519 with the public half; the other one never leaves.
  const auto key = ed25519_key_of(secret.text);
  if (is_revealed && secret.kind == SecretKind::hmac) writer.member("secret", secret.text.reveal());
  if (key) writer.member("public_key", public_key_text(*key));
  write_time(writer, "created_at", secret.created_at);
  write_time(writer, "expires_at", secret.expires_at);
  writer.end_object();
  return body;
}

}  // namespace florin::webhooks
