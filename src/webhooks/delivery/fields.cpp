#include "webhooks/delivery/fields.h"

#include <utility>

#include "webhooks/delivery/retry_decision.h"

namespace florin::webhooks {
namespace {

using json::Codec;
using json::Fields;
using json::Object;
using json::Writer;

/// A JSON object that is kept as text. It is never read from a request.
Codec<std::string> headers_codec() {
  return {nullptr, [](Writer& writer, const std::string& text) { writer.raw(text); },
          [](const json::Limits&) {
            return Object{{"type", "object"}, {"additionalProperties", Object{{"type", "string"}}}};
          }};
}

std::optional<Timestamp> next_attempt_at(const Delivery& delivery) {
  const bool is_due = is_open(delivery.state) && delivery.next_attempt_at != Delivery::held;
  return is_due ? std::optional(delivery.next_attempt_at) : std::nullopt;
}

std::optional<std::string> last_reason(const Delivery& delivery) {
  if (!delivery.last_error) return std::nullopt;
  return describe_error(*delivery.last_error, delivery.last_status);
}

std::int64_t duration_ms(const Attempt& attempt) { return attempt.duration_us / 1'000; }

std::optional<std::string> reason(const Attempt& attempt) {
  if (!attempt.error) return std::nullopt;
  return describe_error(*attempt.error, attempt.status);
}

constexpr std::string_view reason_help = "The same as a sentence, with the HTTP status if any.";

const Fields<Delivery>& delivery_fields() {
  static const Fields<Delivery> fields({
      {"id", &Delivery::id},
      {"endpoint_id", &Delivery::endpoint},
      {"event_id", &Delivery::event, {.help = "Sent as webhook-id."}},
      {"event_type", &Delivery::event_type},
      {"state", &Delivery::state, {.help = "FAILED means that a retry is scheduled."}},
      {"attempts", &Delivery::attempts},
      {"next_attempt_at",
       next_attempt_at,
       {.help = "null: it has ended, or waits for an earlier one of its order_key."}},
      {"order_key", &Delivery::order_key},
      {"is_replay", &Delivery::is_replay},
      {"last_status", &Delivery::last_status, {.help = "Of HTTP; null without an answer."}},
      {"last_error",
       &Delivery::last_error,
       {.choices = error_words(), .help = "Why the last attempt failed."}},
      {"last_reason", last_reason, {.help = reason_help}},
      {"created_at", &Delivery::created_at},
      {"delivered_at", &Delivery::delivered_at},
      {"replayed_at", &Delivery::replayed_at},
  });
  return fields;
}

const Fields<Attempt>& attempt_fields() {
  static const Fields<Attempt> fields({
      {"number", &Attempt::number, {.help = "Counts from 1."}},
      {"started_at", &Attempt::started_at},
      {"duration_ms", duration_ms},
      {"status", &Attempt::status, {.help = "HTTP status; also of an incomplete answer."}},
      {"error", &Attempt::error, {.choices = error_words(), .help = "Why the attempt failed."}},
      {"reason",
       reason,
       {.help = reason_help, .example = "the response status is not a success (HTTP 500)"}},
      {"request_headers", &Attempt::request_headers, {.codec = headers_codec()}},
      {"response_headers", &Attempt::response_headers, {.codec = headers_codec()}},
      {"response_body", &Attempt::response_body, {.help = "At most 4096 bytes."}},
      {"is_truncated", &Attempt::is_truncated, {.help = "The response was longer."}},
  });
  return fields;
}

}  // namespace

const Fields<ReplayRequest>& replay_fields() {
  static const Fields<ReplayRequest> fields({
      {"failed", &ReplayRequest::failed, {.help = "All dead letters that have not been replayed."}},
      {"since", &ReplayRequest::since, {.help = "All events since then."}},
  });
  return fields;
}

std::string to_json(const Delivery& delivery) { return json::write(delivery_fields(), delivery); }

std::string to_json(const Delivery& delivery, const std::vector<Attempt>& attempts) {
  std::string body;
  Writer writer(body);
  writer.begin_object();
  json::write_members(delivery_fields(), writer, delivery);
  writer.key("attempt_log").begin_array();
  for (const Attempt& attempt : attempts) {
    writer.begin_object();
    json::write_members(attempt_fields(), writer, attempt);
    writer.end_object();
  }
  writer.end_array().end_object();
  return body;
}

Object delivery_schemas() {
  Object shown = json::schema(delivery_fields(), json::Use::answer);
  const Object log{{"type", "array"},
                   {"items", Object{{"$ref", "#/components/schemas/WebhookAttempt"}}},
                   {"description", "The latest first; only in the answer for a single delivery."}};
  add_property(shown, "attempt_log", log, false);
  return {{"WebhookDelivery", std::move(shown)},
          {"WebhookAttempt", json::schema(attempt_fields(), json::Use::answer)},
          {"WebhookReplay", json::schema(replay_fields(), json::Use::creation)}};
}

}  // namespace florin::webhooks
