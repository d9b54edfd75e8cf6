#include "app/docs/refusals.h"

#include <initializer_list>

#include "access/access.h"
#include "access/errors.h"
#include "hub/errors.h"
#include "idempotency/errors.h"
#include "platform/http/errors.h"
#include "platform/json/value.h"
#include "platform/sql/errors.h"

namespace florin::app {
namespace {

bool has_body_headers(const http::Route& route) {
  return route.method == "POST" || route.method == "PATCH" || route.method == "PUT";
}

}  // namespace

std::vector<ErrorCode> common_refusals(const http::Route& route) {
  if (route.permission.empty() && route.scheme.empty()) return {};  // Public.
  std::vector<ErrorCode> all{errors::validation_failed,   sql::errors::store_unavailable,
                             sql::errors::store_conflict, http::errors::overloaded,
                             http::errors::out_of_memory, http::errors::shutting_down};
  const auto add = [&all](std::initializer_list<ErrorCode> codes) {
    all.insert(all.end(), codes.begin(), codes.end());
  };
  const bool is_change = route.method != "GET";
  if (route.permission.empty()) {
    add({hub::errors::invalid_signature, hub::errors::stale_timestamp,
         hub::errors::partner_rate_limited});
  } else {
    add({access::errors::unauthenticated, access::errors::key_expired, access::errors::key_revoked,
         access::errors::session_expired, access::errors::rate_limited});
    if (route.permission != access::any_key) add({access::errors::permission_denied});
    if (is_change) add({access::errors::csrf_token_invalid});
  }
  if (is_change) add({http::errors::body_too_large});
  if (has_body_headers(route)) add({http::errors::unsupported_media_type});
  if (http::takes_body(route)) add({json::errors::malformed_json});
  if (http::takes_key(route) != http::TakesKey::no)
    add({idempotency::errors::request_in_progress, idempotency::errors::idempotency_mismatch,
         sql::errors::store_full});
  return all;
}

std::string_view meaning_of_status(int status) {
  switch (status) {
    case 400:
      return "The request breaks a rule of its form.";
    case 401:
      return "No credential, or not a valid one.";
    case 402:
      return "Not enough money.";
    case 403:
      return "The key lacks the permission, or the session its token.";
    case 404:
      return "Not found in this tenant.";
    case 409:
      return "The state forbids it, or the idempotency key is in use.";
    case 413:
      return "The body is too long.";
    case 415:
      return "The body is not application/json.";
    case 422:
      return "Refused by a rule, or the idempotency key was used for another request.";
    case 429:
      return "Too many requests.";
    case 503:
      return "It cannot be done now; retry with the same key.";
    default:
      return "An error in Florin itself.";
  }
}

}  // namespace florin::app
