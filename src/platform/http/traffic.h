#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "platform/http/exchange.h"
#include "platform/http/router.h"

namespace florin::metrics {
class Counter;
class Gauge;
class Histogram;
class Registry;
}  // namespace florin::metrics

namespace florin::http {

/// What a connection is at: in its TLS handshake, between requests, sending us one, waiting for its
/// answer, or being sent it.
enum class ConnectionState : std::uint8_t { handshake, idle, reading, handling, writing };
constexpr std::size_t connection_states = 5;
using CountsByState = std::array<int, connection_states>;

/// Counts and logs requests. One per I/O thread; not for concurrent use. Bodies, headers and
/// queries are never logged.
class Traffic {
 public:
  Traffic(const Router& router, metrics::Registry& registry, bool access_log);

  void request_began() const;
  void request_ended() const;
  void answered(const Exchange& exchange, const Response& response);
  void connection_opened() const;
  /// Shows how full it is; called now and then.
  void note(const BodyMemory& memory, SteadyTime now);
  void connection_closed() const;
  /// How many connections of this thread are at what now.
  void note(const CountsByState& counts);

 private:
  struct Count {
    std::string_view method;
    int status;
    metrics::Counter* counter;
  };
  struct RouteFigures {
    std::string pattern;
    metrics::Histogram* seconds;
    std::vector<Count> counts;  ///< A handful: looked up from front to back.
  };
  RouteFigures make_figures(std::string_view method, std::string_view pattern) const;
  metrics::Counter& counter(RouteFigures& figures, std::string_view method, int status) const;
  void log(const Exchange& exchange, const Response& response, double seconds) const;

  const Router& router_;
  metrics::Registry& registry_;
  const bool access_log_;
  metrics::Gauge& in_flight_;
  metrics::Gauge& connections_;
  std::array<metrics::Gauge*, connection_states> by_state_{};
  CountsByState noted_{};  ///< What this thread has added to them.
  metrics::Gauge& body_bytes_;
  metrics::Gauge& bodies_full_;
  std::size_t times_full_ = 0;
  SteadyTime full_until_;
  std::vector<RouteFigures> by_route_;  ///< In the router's order; the last is for no route.
};

}  // namespace florin::http
