#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "platform/http_client/address_guard.h"

namespace florin::metrics {
class Registry;
}

namespace florin::http_client {

struct Header {
  std::string name;
  std::string value;
};

/// The certificate we show to a server that asks for one (mTLS), as PEM text.
struct ClientCertificate {
  std::string certificate_pem;
  Secret private_key_pem;
};

struct Request {
  std::string method = "POST";
  std::string url;
  std::vector<Header> headers = {};
  std::string body = {};
  int timeout_ms = 30'000;         ///< Of the whole exchange.
  int connect_timeout_ms = 5'000;  ///< Of name, connection and TLS.
  /// An answer's body beyond this is dropped and the answer marked as cut off.
  std::size_t max_response_bytes = 1 << 20;
  AddressRule addresses = AddressRule::public_only;
  std::optional<ClientCertificate> certificate = {};
  std::string trusted_ca_pem = {};  ///< Empty: the system's certificates.
  /// Told the status of an answer that began and did not end, before the error; on the client's
  /// thread.
  std::function<void(int)> on_broken_answer = {};
};

struct Response {
  int status = 0;
  std::vector<Header> headers;
  std::string body;
  bool is_cut_off = false;       ///< The body was longer than max_response_bytes.
  std::int64_t duration_us = 0;  ///< From the first byte of ours to the last of theirs.

  /// The first header of that name, in any case.
  std::optional<std::string_view> header(std::string_view name) const;
};

/// `Retry-After` of an answer in seconds from `now_s` (Unix), as a number or an HTTP date; nothing
/// when there is none or it makes no sense. 0 to ten years. Source: RFC 9110, 10.2.3.
std::optional<std::int64_t> retry_after_s(const Response& response, std::int64_t now_s);

struct ClientOptions {
  int max_connections_per_host = 256;  ///< Further exchanges wait for a free one.
  int max_idle_connections = 1'024;
  AddressGuard guard = {};
  std::string user_agent = "Florin";
};

/// HTTP/1.1 to others: pooled connections, time limits, no redirects, the address checked when it
/// connects. Exchanges run on one thread of its own. Safe for concurrent use.
class HttpClient {
 public:
  using Done = std::function<void(Result<Response>)>;

  explicit HttpClient(ClientOptions options);
  /// Ends what is running with `no_answer`.
  ~HttpClient();

  /// Returns at once. `done` runs once, on the client's thread, and must be short: it hands on.
  /// Errors: those below.
  void send(Request request, Done done);
  /// send() and wait. Never from the client's thread.
  Result<Response> execute(Request request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether an error of this client means that no byte of the request was sent.
bool is_surely_not_sent(const ErrorCode& code);

/// Why an exchange came to no whole answer. Of the last three the
/// request may have been sent, and whether it was executed is unknown; else nothing was sent.
namespace errors {
/// The address is not allowed (private, loopback, link-local, or another port or scheme).
inline constexpr ErrorCode address_refused{ErrorKind::rejected, "address_refused"};
/// The host name cannot be resolved. Nothing was sent.
inline constexpr ErrorCode dns_failed{ErrorKind::unavailable, "dns_failed"};
/// The connection was refused or reset, or the address is unreachable. Nothing was sent.
inline constexpr ErrorCode connection_refused{ErrorKind::unavailable, "connection_refused"};
/// The connection timed out. Nothing was sent.
inline constexpr ErrorCode connect_timed_out{ErrorKind::unavailable, "connect_timed_out"};
/// The server's certificate was issued by an authority that is not trusted. Nothing was sent.
inline constexpr ErrorCode tls_unknown_authority{ErrorKind::unavailable, "tls_unknown_authority"};
/// The server's certificate is for another name. Nothing was sent.
inline constexpr ErrorCode tls_name_mismatch{ErrorKind::unavailable, "tls_name_mismatch"};
/// The server's certificate has expired or is not yet valid. Nothing was sent.
inline constexpr ErrorCode tls_expired{ErrorKind::unavailable, "tls_expired"};
/// The TLS handshake failed: no common version or cipher, or the server does not speak TLS. Nothing
/// was sent.
inline constexpr ErrorCode tls_failed{ErrorKind::unavailable, "tls_failed"};
/// The connection failed; the detail gives the reason. Nothing was sent.
inline constexpr ErrorCode not_connected{ErrorKind::unavailable, "not_connected"};
/// The response timed out. Whether the request was executed is unknown.
inline constexpr ErrorCode answer_timed_out{ErrorKind::unavailable, "answer_timed_out"};
/// The connection was closed before the response was complete. Whether the request was executed is
/// unknown.
inline constexpr ErrorCode closed_early{ErrorKind::unavailable, "closed_early"};
/// The request failed without a complete response; the detail gives the reason. Whether the request
/// was executed is unknown.
inline constexpr ErrorCode no_answer{ErrorKind::unavailable, "no_answer"};
}  // namespace errors

}  // namespace florin::http_client
