#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/server.h"

namespace florin::http {

/// What an answer carries besides the response itself.
struct Envelope {
  std::string_view date = {};  ///< IMF-fixdate.
  std::string_view request_id = {};
  std::string_view traceparent = {};
  std::optional<Authentication::RateLimit> rate_limit = std::nullopt;
  bool head_only = false;   ///< The answer to HEAD: all headers, no body.
  bool close = false;       ///< Connection: close
  bool keep_alive = false;  ///< Connection: keep-alive, which HTTP/1.0 clients wait for.
};

/// Appends the whole answer as it goes over the wire, head and body.
void append_answer(std::string& out, const Response& response, const Envelope& envelope);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7).
std::string http_date(Timestamp time);

}  // namespace florin::http
