#include "webhooks/endpoints/requests.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "events/event_types.h"
#include "platform/http/route.h"
#include "platform/json/object_reader.h"
#include "webhooks/stored_json.h"

namespace florin::webhooks::requests {
namespace {

using json::ObjectReader;
using Problems = std::vector<FieldError>;

constexpr std::size_t max_url_bytes = 2'048;
constexpr std::size_t max_description_bytes = 500;
constexpr std::size_t max_secret_bytes = 200;
constexpr std::size_t max_event_types = 50;
constexpr std::size_t max_type_bytes = 100;
constexpr std::size_t max_filter_paths = 10;
constexpr std::size_t max_filter_values = 50;
constexpr std::size_t max_path_bytes = 200;
constexpr std::size_t max_pem_bytes = 32 * 1024;
constexpr std::size_t max_delays = 20;
constexpr std::int64_t max_delay_ms = 24 * 3'600 * 1'000;
constexpr std::int64_t max_overlap_s = 30 * 24 * 3'600;

/// A body that is missing reads as an empty object.
Result<json::Value> parse_body(const http::Request& request) {
  if (request.body.empty()) return json::Value(json::Object{});
  return json::parse(request.body);
}

/// Words of [a-z0-9_] with dots between them.
bool is_dotted(std::string_view text) {
  const bool of_words = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
  return of_words && !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos;
}

/// Events of webhooks themselves are sent only where they are named exactly, never as a family.
bool can_be_selected(std::string_view text) {
  const bool is_silent_family = text.starts_with("webhook.") && text.ends_with(".*");
  return !is_silent_family && events::is_type_or_family(text);
}

std::optional<std::vector<std::string>> read_event_types(ObjectReader& body) {
  const json::Value* given = body.member("event_types");
  if (!given) return std::nullopt;
  const auto wrong = [&] {
    body.problem("event_types", "must_be_event_types",
                 "must be a list of at most 50 event types, such as account.created or account.*");
    return std::nullopt;
  };
  const json::Array* items = given->as_array();
  if (!items || items->size() > max_event_types) return wrong();
  std::vector<std::string> types;
  for (const json::Value& item : *items) {
    if (!item.as_string()) return wrong();
    types.push_back(*item.as_string());
    if (can_be_selected(types.back())) continue;
    body.problem("event_types", "unknown_event_type",
                 "must name event types, or families out of " + events::known_families() +
                     "; those of webhook.* by their exact type");
    return std::nullopt;
  }
  return types;
}

bool is_filter_value(const json::Value& value) {
  return value.as_string() || value.as_integer() || value.as_bool();
}

bool is_filter_rule(const std::pair<std::string, json::Value>& rule) {
  const auto& [path, value] = rule;
  if (path.size() > max_path_bytes || !is_dotted(path)) return false;
  const json::Array* values = value.as_array();
  if (!values) return is_filter_value(value);
  return !values->empty() && values->size() <= max_filter_values &&
         std::all_of(values->begin(), values->end(), is_filter_value);
}

std::optional<stored::FieldFilter> read_filter(ObjectReader& body) {
  const json::Value* given = body.member("filter");
  if (!given) return std::nullopt;
  const json::Object* rules = given->as_object();
  if (!rules || rules->size() > max_filter_paths ||
      !std::all_of(rules->begin(), rules->end(), is_filter_rule)) {
    body.problem("filter", "must_be_filter",
                 "must be an object of at most 10 paths, such as data.currency, each with a text, "
                 "integer or boolean, or a list of them");
    return std::nullopt;
  }
  return stored::filter(*rules);
}

std::optional<std::vector<std::int64_t>> read_delays(ObjectReader& body) {
  const json::Value* given = body.member("retry_delays_ms");
  if (!given) return std::nullopt;
  const json::Array* items = given->as_array();
  const auto is_delay = [](const json::Value& item) {
    return item.as_integer() && *item.as_integer() >= 1 && *item.as_integer() <= max_delay_ms;
  };
  if (!items || items->size() > max_delays ||
      !std::all_of(items->begin(), items->end(), is_delay)) {
    body.problem("retry_delays_ms", "must_be_delays",
                 "must be a list of at most 20 delays of 1 to 86400000 milliseconds");
    return std::nullopt;
  }
  std::vector<std::int64_t> delays;
  for (const json::Value& item : *items) delays.push_back(*item.as_integer());
  return delays;
}

std::optional<int> read_small(ObjectReader& body, std::string_view name, json::IntegerRule rule) {
  const auto number = body.optional_integer(name, rule);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

/// A member that may be absent (keep), null (none) or a value.
template <class T, class Read>
std::optional<std::optional<T>> read_nullable(ObjectReader& body, std::string_view name,
                                              const Read& read) {
  if (!body.has(name)) return std::nullopt;
  if (const json::Value* value = body.member(name); value->is_null())
    return std::optional<std::optional<T>>(std::in_place);
  const std::optional<T> value = read();
  return value ? std::optional(value) : std::nullopt;
}

std::optional<std::string> read_order_by(ObjectReader& body) {
  auto path = body.optional_text("order_by", {1, max_path_bytes});
  if (path && !is_dotted(*path))
    body.problem("order_by", "must_be_path", "must be subject or a path such as data.account_id");
  return path;
}

std::optional<std::string> read_pem(ObjectReader& body, std::string_view name,
                                    std::string_view what) {
  // Lines of PEM end with control characters, which other texts may not have.
  const json::Value* given = body.member(name);
  if (!given || given->is_null()) return std::nullopt;
  const std::string* text = given->as_string();
  const bool is_pem = text && text->size() <= max_pem_bytes && text->starts_with("-----BEGIN ") &&
                      text->find(what) != std::string::npos;
  if (is_pem) return *text;
  body.problem(name, "must_be_pem", "must be PEM text of a " + std::string(what));
  return std::nullopt;
}

struct TlsRequest {
  std::optional<Tls> tls;
  std::optional<Secret> private_key;
};

/// Given as a whole: a new certificate comes with its key, and null takes both away.
TlsRequest read_tls(ObjectReader& body) {
  TlsRequest read;
  const bool is_given = body.has("client_certificate_pem") || body.has("trusted_ca_pem");
  auto certificate = read_pem(body, "client_certificate_pem", "CERTIFICATE");
  auto ca = read_pem(body, "trusted_ca_pem", "CERTIFICATE");
  if (is_given) read.tls = Tls{std::move(certificate), ca.value_or("")};
  if (auto key = read_pem(body, "client_key_pem", "PRIVATE KEY"))
    read.private_key = Secret(*std::move(key));
  return read;
}

EndpointChange read_change(ObjectReader& body) {
  EndpointChange change;
  change.url = body.optional_text("url", {1, max_url_bytes});
  change.description = body.optional_text("description", {0, max_description_bytes});
  change.event_types = read_event_types(body);
  change.filter = read_filter(body);
  change.retry_delays_ms = read_delays(body);
  change.timeout_ms = read_small(body, "timeout_ms", {100, 60'000});
  change.max_concurrency = read_small(body, "max_concurrency", {1, 64});
  change.rate_limit_per_second = read_nullable<std::int64_t>(body, "rate_limit_per_second", [&] {
    return body.optional_integer("rate_limit_per_second", {1, 10'000});
  });
  change.order_by =
      read_nullable<std::string>(body, "order_by", [&] { return read_order_by(body); });
  TlsRequest tls = read_tls(body);
  change.tls = std::move(tls.tls);
  change.private_key_pem = std::move(tls.private_key);
  return change;
}

std::optional<EndpointStatus> read_status(ObjectReader& body) {
  const auto text = body.optional_text("status", {1, 20});
  if (!text) return std::nullopt;
  if (*text == "enabled") return EndpointStatus::enabled;
  if (*text == "disabled") return EndpointStatus::disabled;
  body.problem("status", "unknown_value", "must be enabled or disabled");
  return std::nullopt;
}

std::optional<Secret> read_secret(ObjectReader& body) {
  auto text = body.optional_text("secret", {1, max_secret_bytes});
  return text ? std::optional(Secret(*std::move(text))) : std::nullopt;
}

template <class T>
Result<T> finish(ObjectReader& body, Problems& problems, T made) {
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return made;
}

}  // namespace

Result<NewEndpoint> new_endpoint(const http::Request& request, const DeliveryPolicy& policy) {
  const json::Value document = TRY(parse_body(request));
  Problems problems;
  ObjectReader body(document, "", problems);
  NewEndpoint wanted;
  wanted.tenant = request.caller.tenant;
  wanted.url = body.required_text("url", {1, max_url_bytes}).value_or("");
  EndpointChange given = read_change(body);
  wanted.description = given.description.value_or("");
  wanted.selection = {given.event_types.value_or(std::vector<std::string>()),
                      given.filter.value_or(stored::FieldFilter())};
  wanted.policy = policy;
  if (given.retry_delays_ms) wanted.policy.retry_delays_ms = *std::move(given.retry_delays_ms);
  wanted.policy.timeout_ms = given.timeout_ms.value_or(policy.timeout_ms);
  wanted.policy.max_concurrency = given.max_concurrency.value_or(policy.max_concurrency);
  wanted.policy.rate_limit_per_second =
      given.rate_limit_per_second.value_or(policy.rate_limit_per_second);
  wanted.policy.order_by = given.order_by.value_or(std::nullopt);
  wanted.tls = given.tls.value_or(Tls());
  wanted.private_key_pem = std::move(given.private_key_pem);
  wanted.secret = read_secret(body);
  return finish(body, problems, std::move(wanted));
}

Result<EndpointChange> change(const http::Request& request) {
  const json::Value document = TRY(parse_body(request));
  Problems problems;
  ObjectReader body(document, "", problems);
  EndpointChange change = read_change(body);
  change.status = read_status(body);
  return finish(body, problems, std::move(change));
}

Result<Rotation> rotation(const http::Request& request) {
  const json::Value document = TRY(parse_body(request));
  Problems problems;
  ObjectReader body(document, "", problems);
  Rotation rotation;
  rotation.secret = read_secret(body);
  rotation.overlap_s =
      body.optional_integer("overlap_seconds", {0, max_overlap_s}).value_or(rotation.overlap_s);
  const auto kind = body.optional_text("kind", {1, 20}).value_or("hmac");
  if (kind == "ed25519") rotation.kind = SecretKind::ed25519;
  if (kind != "hmac" && kind != "ed25519")
    body.problem("kind", "unknown_value", "must be hmac or ed25519");
  if (rotation.secret && kind == "ed25519")
    body.problem("secret", "not_allowed", "an ed25519 key is always made here");
  return finish(body, problems, std::move(rotation));
}

Result<ReplayRequest> replay(const http::Request& request) {
  const json::Value document = TRY(parse_body(request));
  Problems problems;
  ObjectReader body(document, "", problems);
  ReplayRequest wanted;
  wanted.since = body.optional_time("since");
  const bool failed = body.optional_bool("failed").value_or(false);
  if (failed == body.has("since"))
    body.problem("failed", "required", "either failed is true or since is given");
  return finish(body, problems, wanted);
}

Result<DeliveryFilter> delivery_filter(const http::Request& request) {
  DeliveryFilter filter;
  Problems problems;
  const auto bad = [&](std::string_view name, std::string_view rule, std::string detail) {
    problems.push_back({"#/query/" + std::string(name), rule, std::move(detail)});
  };
  if (const auto text = request.query_param("endpoint_id")) {
    filter.endpoint = EndpointId::parse(*text);
    if (!filter.endpoint) bad("endpoint_id", "malformed", "must be the id of an endpoint");
  }
  if (const auto text = request.query_param("event_id")) {
    filter.event = EventId::parse(*text);
    if (!filter.event) bad("event_id", "malformed", "must be the id of an event");
  }
  if (const auto text = request.query_param("state")) {
    filter.state = parse_delivery_state(*text);
    if (!filter.state)
      bad("state", "unknown_value", "must be PENDING, DELIVERED, FAILED or DEAD_LETTER");
  }
  if (const auto text = request.query_param("event_type")) {
    filter.event_type = std::string(*text);
    if (!events::is_type(*text)) {
      bad("event_type", "unknown_event_type",
          "must be an event type; there are those of " + events::known_families());
    }
  }
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return filter;
}

}  // namespace florin::webhooks::requests
