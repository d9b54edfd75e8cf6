#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.h"

namespace florin::http {

/// Reads requests off a connection's bytes, one after another. It is strict where two readers could
/// disagree about where a request ends: those requests are refused, never repaired.
class RequestParser {
 public:
  enum class Progress { need_more, head, complete };
  struct Step {
    Progress progress;
    std::size_t consumed;
  };

  explicit RequestParser(std::size_t max_header_bytes);
  ~RequestParser();
  RequestParser(RequestParser&&) = delete;

  /// Starts the next request: empties `request`, which then gets method, headers and body.
  void begin(Request& request);
  /// Reads on; stops once after the head and again at the end. What is not consumed has to be given
  /// again, with more behind it.
  /// Errors: malformed_request, headers_too_large, body_too_large (a chunked body).
  Result<Step> parse(std::string_view bytes);

  /// From the head on:
  const std::string& target() const;
  bool keeps_alive() const;
  bool is_http_1_0() const;
  bool expects_continue() const;
  /// Its Content-Length.
  std::optional<std::uint64_t> announced_body() const;
  /// Errors: body_too_large, when the head already announces more.
  Result<void> limit_body(std::size_t max_bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::http
