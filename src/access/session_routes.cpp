#include <algorithm>

#include "access/access.h"
#include "access/errors.h"
#include "access/key_authenticator.h"
#include "access/module.h"
#include "access/session_cookie.h"
#include "access/sessions.h"
#include "base/try.h"
#include "platform/json/writer.h"

namespace florin::access {
namespace {

using http::Request;
using http::Response;

/// What a page needs to know of who it acts for.
struct Shown {
  Session session;
  std::string csrf_token;
  ApiKey key;
  Tenant tenant;
};

void write_key(json::Writer& writer, const ApiKey& key) {
  writer.begin_object()
      .member("id", key.id.str())
      .member("name", key.name)
      .member("hint", key.hint)
      .member("mode", to_word(key.mode))
      .key("permissions")
      .begin_array();
  for (const std::string& permission : key.permissions) writer.value(permission);
  writer.end_array().end_object();
}

std::string to_json(const Shown& shown, const SessionSettings& settings) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object()
      .member("began_at", shown.session.began_at.rfc3339())
      .member("expires_at", shown.session.expires_at.rfc3339())
      .member("idle_seconds", settings.idle_seconds)
      .member("csrf_token", shown.csrf_token)
      .key("tenant")
      .begin_object()
      .member("id", shown.tenant.id.str())
      .member("name", shown.tenant.name)
      .end_object()
      .key("key");
  write_key(writer, shown.key);
  writer.end_object();
  return body;
}

Result<std::string> shown(const SessionParts& parts, const Secret& token, const Session& session) {
  const ApiKey key = TRY(parts.authenticator.key(session.key));
  const Tenant tenant = TRY(parts.access.find_tenant(key.tenant.str()));
  Session until = session;
  if (key.expires_at) until.expires_at = std::min(until.expires_at, *key.expires_at);
  return to_json({until, csrf_token_of(token), key, tenant}, parts.sessions.settings());
}

/// The key itself signs in: a session cannot outlive its time by beginning another.
Result<Response> sign_in(const SessionParts& parts, const Request& request) {
  if (!request.header("Authorization"))
    return Error{errors::unauthenticated,
                 "sign in with an API key as Authorization: Bearer fl_..."};
  const auto key = ApiKeyId::parse(request.caller.actor).value_or(ApiKeyId());
  TRY(parts.authenticator.take_sign_in(key));
  const NewSession made = parts.sessions.begin(key);
  Response response = Response::created(TRY(shown(parts, made.token, made.session)));
  response.headers.push_back(
      cookie_with(made.token, request, parts.sessions.settings().secure_cookie));
  return response;
}

struct Current {
  Secret token;
  Session session;
};

Result<Current> current(const SessionParts& parts, const Request& request) {
  if (auto token = session_token_of(request)) {
    if (const auto session = parts.sessions.find(*token)) return Current{*token, *session};
  }
  return Error{errors::session_not_found, "this request came with an API key, not with a session"};
}

Result<Response> show(const SessionParts& parts, const Request& request) {
  const Current found = TRY(current(parts, request));
  return Response::ok(TRY(shown(parts, found.token, found.session)));
}

Result<Response> sign_out(const SessionParts& parts, const Request& request) {
  const Current found = TRY(current(parts, request));
  parts.sessions.end(found.token, found.session);
  Response response = Response::no_content();
  response.headers.push_back(cookie_without_token());
  return response;
}

}  // namespace

http::Routes session_routes(const SessionParts& parts) {
  const auto sync = [parts](auto handle) {
    return http::SyncHandler([=](const Request& request) { return handle(parts, request); });
  };
  const std::string any(any_key);
  const http::Route signing_in{"POST", "/v1/sessions", any, sync(sign_in), {}, http::Body::none};
  // An answer with a secret is not stored.
  return {http::behind("api_key", http::with_key(signing_in, http::TakesKey::no)),
          http::behind("session", {"GET", "/v1/sessions/current", any, sync(show)}),
          http::behind("session", {"DELETE", "/v1/sessions/current", any, sync(sign_out)})};
}

}  // namespace florin::access
