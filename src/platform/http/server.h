#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "platform/http/route.h"
#include "platform/http/tls.h"

namespace florin::metrics {
class Registry;
}

namespace florin::http {

/// The caller of a request, or the reason for its rejection. The rate limit, when present, becomes
/// RateLimit-* headers.
struct Authentication {
  Result<Caller> caller;
  struct RateLimit {
    std::int64_t limit = 0, remaining = 0, reset_s = 0;
  };
  std::optional<RateLimit> rate_limit = std::nullopt;
};

/// Authentication, permission and rate limit, for every route with a permission.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// From memory only, on an I/O thread. Nothing: the answer needs the database; call
  /// authenticate().
  virtual std::optional<Authentication> try_authenticate(const Request& request,
                                                         const Route& route) = 0;
  /// On a worker thread; may block.
  virtual Authentication authenticate(const Request& request, const Route& route) = 0;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8000;  ///< 0: any free port; see Server::port().
  int io_threads = 1;
  int worker_threads = 4;
  int max_queued = 1'024;        ///< Requests waiting for a worker; more get 503 overloaded.
  int max_connections = 10'000;  ///< Near it, those that are idle the longest are closed.
  int max_connections_per_address = 1'000;
  /// Proxies, to which the limits per address do not apply: what Network::parse() reads.
  std::vector<std::string> trusted_addresses = {"127.0.0.1", "::1"};
  std::size_t body_memory_bytes = 256 << 20;  ///< Of all bodies over 16 KiB together.
  std::size_t body_memory_per_key_bytes = 64 << 20;
  std::size_t body_memory_per_address_bytes = 16 << 20;  ///< Of those sent without a key.
  std::size_t max_header_bytes = 16 * 1024;
  int header_timeout_ms = 10'000;  ///< From the first byte of a request to the end of its headers.
  int body_timeout_ms = 30'000;
  int idle_timeout_ms = 75'000;  ///< Between requests of one connection.
  int drain_timeout_ms = 10'000;
  bool access_log = true;
  std::optional<TlsOptions> tls = std::nullopt;  ///< Absent: plain HTTP.
};

/// HTTP/1.1 over plain TCP, or over TLS. For every route it does limits, request id and
/// traceparent, authenticator, Idempotency-Key form, problem JSON, metrics and the access log. An
/// exception that leaves a handler is logged and answered with internal_error.
class Server {
 public:
  Server(ServerOptions options, Routes routes, Authenticator& authenticator, const Clock& clock,
         metrics::Registry& metrics);
  ~Server();  ///< As stop().

  /// Binds and starts its threads. Errors: cannot_listen, naming host and port; tls_not_usable.
  Result<void> start();
  int port() const;
  /// The certificate of new connections; nothing with plain HTTP. Safe for concurrent use.
  TlsSource* tls() const;
  /// First step of a stop without a failed request: continues to answer, but each answer closes its
  /// connection, so that proxies drop those they keep. Safe to call twice.
  void announce_shutdown();
  /// Graceful: stops accepting, answers what has arrived (Connection: close), waits at most
  /// drain_timeout_ms, closes. Safe to call twice.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::http
