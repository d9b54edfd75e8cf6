#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/actor.h"
#include "base/id.h"
#include "base/result.h"
#include "base/timestamp.h"

namespace florin::http {

/// The authenticated caller. Background work and the command line act as "system".
struct Caller {
  TenantId tenant;
  std::string actor;  ///< For events and audit: "key_…", "system".
  bool test_mode = false;
};

struct Header {
  std::string name;
  std::string value;
};

/// What a route takes in its query by one name.
struct QueryParam {
  enum class Kind : std::uint8_t { text, integer, time };

  QueryParam(const char* of) : name(of) {}             // NOLINT: implicit on purpose
  QueryParam(std::string of) : name(std::move(of)) {}  // NOLINT
  QueryParam(const char* of, const char* as) : name(of), by_default(as) {}
  QueryParam(const char* of, Kind what) : name(of), kind(what) {}
  QueryParam(const char* of, std::vector<std::string_view> all, const char* as = "")
      : name(of), by_default(as), words(std::move(all)) {}
  friend bool operator==(const QueryParam&, const QueryParam&) = default;

  std::string name;
  /// What it is without being given, where that is a value: to spell it out asks for the same.
  std::string by_default = {};
  Kind kind = Kind::text;
  /// Where it takes some words alone: these.
  std::vector<std::string_view> words = {};
};

/// One request. Valid until its answer has been given to the responder, on any thread.
class Request {
 public:
  std::string method;  ///< Upper case.
  std::string path;    ///< Percent-decoded, without the query.
  std::string query;   ///< Raw, without '?'.
  std::vector<Header> headers;
  std::string body;
  std::vector<std::pair<std::string, std::string>> path_params;   ///< By the names in the pattern.
  std::vector<std::pair<std::string, std::string>> query_params;  ///< Decoded, in order.
  std::string request_id;   ///< The client's X-Request-Id when it is well-formed, else ours.
  std::string traceparent;  ///< W3C Trace Context: the caller's trace with our span, or a new one.
  std::string remote;       ///< "127.0.0.1"
  Timestamp received_at;
  Caller caller;  ///< Empty on public routes.
  /// The pattern of its route, "/v1/accounts/{id}"; empty when it has none. Lives as long as the
  /// server, as does what the route declares of the query.
  std::string_view route = {};
  const std::vector<QueryParam>* known_query = nullptr;

  /// The caller, as events record it.
  Actor actor() const { return {caller.tenant, caller.actor, request_id}; }
  /// The first header of that name, in any case.
  std::optional<std::string_view> header(std::string_view name) const;
  /// A parameter of the pattern; empty when the pattern has none of that name.
  std::string_view path_param(std::string_view name) const;
  std::optional<std::string_view> query_param(std::string_view name) const;
  /// The Idempotency-Key header; the server has checked that it has 1 to 255 printable bytes.
  std::optional<std::string_view> idempotency_key() const { return header("Idempotency-Key"); }
};

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<Header> headers = {};

  static Response ok(std::string json) { return {200, std::move(json)}; }
  static Response created(std::string json) { return {201, std::move(json)}; }
  static Response no_content() { return {204, "", ""}; }
};

/// What an error looks like outside: RFC 9457, `application/problem+json`, with Retry-After. A
/// field of the body is named by its JSON pointer ("/postings/0/amount"), others as
/// "#/query/<name>" and
/// "#/headers/<name>".
Response problem(const Error& error, std::string_view request_id);

}  // namespace florin::http
