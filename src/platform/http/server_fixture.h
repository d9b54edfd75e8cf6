#pragma once
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "platform/http/server.h"
#include "platform/http/unique_fd.h"
#include "platform/metrics/metrics.h"

namespace florin::http {

/// An answer as a client sees it. Header names in lower case.
struct Answer {
  int status = 0;  ///< 0: the server hung up before a whole answer.
  std::multimap<std::string, std::string> headers;
  std::string body;

  /// The header's value; "" when there is none.
  std::string header(const std::string& name) const;
  /// The `code` of problem JSON.
  std::string code() const;
};

/// A client that sends exactly the bytes it is given. Waits at most ten seconds for anything.
class RawClient {
 public:
  explicit RawClient(int port);
  /// With a socket that exists already and connects now.
  RawClient(UniqueFd socket, int port);
  /// With a socket that is connected.
  explicit RawClient(UniqueFd connected) : fd_(std::move(connected)) {}

  RawClient& send(std::string_view bytes);
  /// The next answer on the connection; `to` is the method asked with, as HEAD has no body.
  Answer receive(std::string_view to = "GET");
  Answer ask(std::string_view bytes, std::string_view to = "GET");
  /// Whether the server has closed, which it must do within the ten seconds, with nothing more
  /// sent.
  bool is_closed_by_server();
  /// Exactly so many bytes as they come.
  std::string receive_bytes(std::size_t count);
  void stop_sending();
  /// Vanishes with a reset instead of an orderly end.
  void reset();

 private:
  bool receive_more();

  UniqueFd fd_;
  std::string pending_;
};

UniqueFd new_socket(int family = AF_INET);
std::string get(std::string_view path, std::string_view headers = "");
std::string post(std::string_view path, std::string_view body, std::string_view headers = "");

/// So many bytes of something.
std::string filler(std::size_t size);

/// Knows a few Bearer tokens: "fast" (from memory), "slow" and "slow_unknown" (only on a worker),
/// "limited" (no more requests today), "throws", "throws_slow".
class TestAuthenticator final : public Authenticator {
 public:
  std::optional<Authentication> try_authenticate(const Request& request,
                                                 const Route& route) override;
  Authentication authenticate(const Request& request, const Route& route) override;
  std::atomic<int> authenticated_on_worker{0};
};

/// A server on a free port, stopped at the end.
class TestServer {
 public:
  explicit TestServer(Routes routes, ServerOptions options = {});

  RawClient connect() const { return RawClient(server.port()); }
  /// One request on a connection of its own.
  Answer ask(std::string_view bytes, std::string_view to = "GET") const {
    return connect().ask(bytes, to);
  }
  /// The value of one line of the metrics; -1 when there is none. `line` is all before the value.
  double metric(std::string_view line) const;
  /// Waits until a metric has a value; false after ten seconds.
  bool wait_for_metric(std::string_view line, double value) const;

  SystemClock clock;
  metrics::Registry metrics;
  TestAuthenticator authenticator;
  Server server;
};

}  // namespace florin::http
