#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "platform/http/message.h"

namespace florin::http {

/// Names requests and spans. One per I/O thread; not for concurrent use. Its numbers only have to
/// be unique, not secret: they come from a generator that is seeded from the system once.
class IdentitySource {
 public:
  IdentitySource();

  /// Sets request_id (the client's X-Request-Id if well-formed) and traceparent from headers and
  /// received_at.
  void identify(Request& request);

 private:
  std::uint64_t next();
  void make_request_id(const Request& request, std::string& out);
  void make_traceparent(std::string_view parent, std::string& out);

  std::uint64_t state_;
};

/// The 32 hex digits of the trace in a traceparent that we have made.
std::string_view trace_id_of(std::string_view traceparent);

}  // namespace florin::http
