#include "webhooks/endpoints/fields.h"

#include <algorithm>
#include <utility>

#include "webhooks/delivery/signature.h"

namespace florin::webhooks {
namespace {

using json::Codec;
using json::Fields;
using json::Given;
using json::Object;
using json::Place;
using json::Value;
using json::Writer;

constexpr std::size_t max_filter_paths = 10;
constexpr std::size_t max_filter_values = 50;
constexpr std::size_t max_path_bytes = 200;
constexpr std::size_t max_pem_bytes = 32 * 1024;
constexpr std::int64_t max_delay_ms = 24 * 3'600 * 1'000;
constexpr std::int64_t max_overlap_s = 30 * 24 * 3'600;

/// Words of letters, digits, - and _ with dots between them.
bool is_dotted(std::string_view text) {
  const bool of_words = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
  return of_words && !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos;
}

std::optional<BrokenRule> broken_path(const std::string& path) {
  if (is_dotted(path)) return std::nullopt;
  return BrokenRule{"must_be_path", "must be subject or a path such as data.account_id"};
}

std::optional<BrokenRule> broken_secret(const Secret& secret) {
  auto fault = broken_secret_rule(secret);
  if (!fault) return std::nullopt;
  return BrokenRule{fault->rule, std::move(fault->detail)};
}

bool is_filter_value(const Value& value) {
  return value.as_string() || value.as_integer() || value.as_bool();
}

std::optional<BrokenRule> broken_filter(const FieldFilter& filter) {
  const bool is_good = filter.size() <= max_filter_paths &&
                       std::all_of(filter.begin(), filter.end(), [](const auto& condition) {
                         const auto& [path, values] = condition;
                         return path.size() <= max_path_bytes && is_dotted(path) &&
                                !values.empty() && values.size() <= max_filter_values &&
                                std::all_of(values.begin(), values.end(), is_filter_value);
                       });
  if (is_good) return std::nullopt;
  return BrokenRule{"must_be_filter",
                    "must be an object of at most 10 paths, such as data.currency, each with a "
                    "string, integer or boolean, or a list of them"};
}

std::optional<FieldFilter> read_filter(const Value& value, Place& place) {
  const Object* object = value.as_object();
  if (!object) {
    place.problem({"wrong_type", "must be an object"});
    return std::nullopt;
  }
  FieldFilter filter;
  for (const auto& [path, values] : *object)
    filter[path] = values.as_array() ? *values.as_array() : std::vector{values};
  return filter;
}

/// A path with one value is written without its list, as clients may give it.
void write_filter(Writer& writer, const FieldFilter& filter) {
  Object object;
  for (const auto& [path, values] : filter)
    object.emplace_back(path, values.size() == 1 ? values.front() : Value(values));
  writer.raw(json::serialize(Value(std::move(object))));
}

/// Lines of PEM end with control characters, which other texts may not have.
std::optional<std::string> read_pem(const Value& value, Place& place, std::string_view what) {
  const std::string* text = value.as_string();
  if (text && text->size() <= max_pem_bytes && text->starts_with("-----BEGIN ") &&
      text->find(what) != std::string::npos)
    return *text;
  place.problem({"must_be_pem", "must be PEM text of a " + std::string(what)});
  return std::nullopt;
}

Codec<std::string> certificate_codec() {
  return {[](const Value& value, Place& place) { return read_pem(value, place, "CERTIFICATE"); },
          [](Writer& writer, const std::string& pem) { writer.value(pem); },
          [](const json::Limits&) {
            return Object{{"type", "string"}, {"maxLength", std::int64_t{max_pem_bytes}}};
          }};
}

/// An empty one takes the key away.
std::optional<Secret> read_private_key(const Value& value, Place& place) {
  if (value.is_null()) return Secret();
  auto pem = read_pem(value, place, "PRIVATE KEY");
  if (!pem) return std::nullopt;
  return Secret(*std::move(pem));
}

Codec<Secret> private_key_codec() {
  return {read_private_key, [](Writer& writer, const Secret&) { writer.null(); },
          [](const json::Limits&) {
            return Object{{"type", json::Array{"string", "null"}},
                          {"maxLength", std::int64_t{max_pem_bytes}},
                          {"writeOnly", true}};
          }};
}

bool is_managed(const EndpointDraft& endpoint) { return endpoint.name.has_value(); }

std::optional<std::string> revealed(const EndpointSecret& secret) {
  if (secret.kind != SecretKind::hmac) return std::nullopt;
  return std::string(secret.text.reveal());
}

std::optional<std::string> hidden(const EndpointSecret&) { return std::nullopt; }

/// Receivers verify ed25519 with the public half; the private one is never shown.
std::optional<std::string> public_key(const EndpointSecret& secret) {
  const auto key = ed25519_key_of(secret.text);
  return key ? std::optional(public_key_text(*key)) : std::nullopt;
}

Fields<EndpointSecret> secret_fields(std::optional<std::string> (*text)(const EndpointSecret&)) {
  return Fields<EndpointSecret>({
      {"id", &EndpointSecret::id},
      {"kind", &EndpointSecret::kind},
      {"secret", text, {.help = "Of hmac, where secrets are listed; otherwise null."}},
      {"public_key", public_key, {.help = "Of ed25519; otherwise null."}},
      {"created_at", &EndpointSecret::created_at},
      {"expires_at", &EndpointSecret::expires_at},
  });
}

const Fields<Endpoint>& event_fields() {
  static const Fields<Endpoint> fields({
      {"id", &Endpoint::id},
      {"url", &Endpoint::url},
      {"status", &Endpoint::status},
      {"disabled_reason", &Endpoint::disabled_reason},
  });
  return fields;
}

constexpr std::string_view secret_help =
    "whsec_ and base64 of 24 to 64 bytes, or other text of at least 16 bytes; at least six "
    "different bytes, not a shorter text repeated. Absent: one is generated.";

}  // namespace

Codec<FieldFilter> filter_codec() {
  return {read_filter, write_filter, [](const json::Limits&) {
            return Object{{"type", "object"},
                          {"maxProperties", std::int64_t{max_filter_paths}},
                          {"additionalProperties", true}};
          }};
}

const Fields<EndpointDraft>& endpoint_fields() {
  static const Fields<EndpointDraft> fields({
      {"id", &Endpoint::id, {.given = Given::never}},
      {"url",
       &Endpoint::url,
       {.required = true, .text = {1, 2'048}, .example = "https://example.com/hooks"}},
      {"description", &Endpoint::description, {.text = {0, 500}}},
      {"managed", is_managed, {.help = "Of the server's configuration."}},
      {"status", &Endpoint::status, {.given = Given::in_changes}},
      {"disabled_reason", &Endpoint::disabled_reason, {.given = Given::never}},
      {"event_types",
       &Endpoint::selection,
       &Selection::event_types,
       {.items = {0, 50},
        .help = "Exact types and families (account.*); empty means all except webhook.*"}},
      {"filter",
       &Endpoint::selection,
       &Selection::filter,
       {.check = broken_filter,
        .help = "Paths into the payload and their allowed value or values; all must match.",
        .codec = filter_codec()}},
      {"order_by",
       &Endpoint::policy,
       &DeliveryPolicy::order_by,
       {.text = {1, max_path_bytes},
        .check = broken_path,
        .help = "subject or a path such as data.account_id: events with the same value are "
                "delivered in order."}},
      {"retry_delays_ms",
       &Endpoint::policy,
       &DeliveryPolicy::retry_delays_ms,
       {.integer = {1, max_delay_ms},
        .items = {0, 20},
        .help = "Delay before each retry; after the last one it is a dead letter. Default: "
                "webhooks.retry_attempts and webhooks.retry_delay_ms of the configuration."}},
      {"timeout_ms",
       &Endpoint::policy,
       &DeliveryPolicy::timeout_ms,
       {.integer = {100, 60'000},
        .help = "Of one attempt. Default: webhooks.timeout_ms of the configuration."}},
      {"rate_limit_per_second",
       &Endpoint::policy,
       &DeliveryPolicy::rate_limit_per_second,
       {.integer = {1, 10'000}, .help = "null means none."}},
      {"max_concurrency",
       &Endpoint::policy,
       &DeliveryPolicy::max_concurrency,
       {.integer = {1, 64}, .help = "Attempts in progress at one time."}},
      {"client_certificate_pem",
       &Endpoint::tls,
       &Tls::certificate_pem,
       {.help = "Presented to the endpoint (mTLS).", .codec = certificate_codec()}},
      {"trusted_ca_pem",
       &Endpoint::tls,
       &Tls::trusted_ca_pem,
       {.help = "Authority of the endpoint's certificate; null means the system's authorities.",
        .codec = certificate_codec()}},
      {"client_key_pem",
       &EndpointDraft::private_key_pem,
       {.help = "Key of the client certificate; it is never shown.", .codec = private_key_codec()}},
      {"secret",
       &EndpointDraft::secret,
       {.given = Given::at_creation,
        .text = {1, 200},
        .check = broken_secret,
        .help = secret_help}},
      {"failing_since",
       &Endpoint::failing_since,
       {.given = Given::never, .help = "The first failure after the last success."}},
      {"last_failure_at", &Endpoint::last_failure_at, {.given = Given::never}},
      {"last_success_at", &Endpoint::last_success_at, {.given = Given::never}},
      {"created_at", &Endpoint::created_at, {.given = Given::never}},
      {"updated_at", &Endpoint::updated_at, {.given = Given::never}},
  });
  return fields;
}

const Fields<Rotation>& rotation_fields() {
  static const Fields<Rotation> fields({
      {"kind", &Rotation::kind},
      {"overlap_seconds",
       &Rotation::overlap_s,
       {.integer = {0, max_overlap_s}, .help = "The old secrets also sign for so long."}},
      {"secret",
       &Rotation::secret,
       {.text = {1, 200}, .check = broken_secret, .help = secret_help}},
  });
  return fields;
}

std::string to_json(const Endpoint& endpoint) {
  return json::write(endpoint_fields(), EndpointDraft{endpoint});
}

std::string to_json(const EndpointView& view) {
  std::string body;
  Writer writer(body);
  writer.begin_object();
  json::write_members(endpoint_fields(), writer, EndpointDraft{view.endpoint});
  writer.member_raw("public_keys", json::to_text(view.public_keys)).end_object();
  return body;
}

std::string to_json(const EndpointSecret& secret, bool is_revealed) {
  static const Fields<EndpointSecret> with_text = secret_fields(revealed);
  static const Fields<EndpointSecret> without_text = secret_fields(hidden);
  return json::write(is_revealed ? with_text : without_text, secret);
}

std::string event_data(const Endpoint& endpoint) { return json::write(event_fields(), endpoint); }

Object endpoint_schemas() {
  Object shown = json::schema(endpoint_fields(), json::Use::answer);
  const Object keys{
      {"type", "array"},
      {"items", Object{{"type", "string"}}},
      {"description", "ed25519 keys (whpk_…) that verify v1a signatures; not in lists."}};
  add_property(shown, "public_keys", keys, false);
  return {
      {"WebhookEndpoint", std::move(shown)},
      {"NewWebhookEndpoint", json::schema(endpoint_fields(), json::Use::creation)},
      {"WebhookEndpointChange", json::schema(endpoint_fields(), json::Use::change)},
      {"WebhookSecret", json::schema(secret_fields(hidden), json::Use::answer)},
      {"WebhookRotation", json::schema(rotation_fields(), json::Use::creation)},
  };
}

}  // namespace florin::webhooks
