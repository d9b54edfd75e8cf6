#include "platform/http/traffic.h"

#include <algorithm>
#include <array>

#include "platform/http/identity.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace florin::http {
namespace {

/// Clients can send any word as a method; a label takes few values.
std::string_view method_label(std::string_view method) {
  static constexpr std::array<std::string_view, 7> known{"GET", "POST", "PATCH",  "DELETE",
                                                         "PUT", "HEAD", "OPTIONS"};
  const auto* found = std::find(known.begin(), known.end(), method);
  return found == known.end() ? "other" : *found;
}

/// In the order of ConnectionState.
constexpr std::array<std::string_view, connection_states> state_words{
    "handshake", "idle", "reading", "handling", "writing"};

}  // namespace

Traffic::Traffic(const Router& router, metrics::Registry& registry, bool access_log)
    : router_(router),
      registry_(registry),
      access_log_(access_log),
      in_flight_(registry.gauge("florin_http_requests_in_flight", "Requests being handled.")),
      connections_(registry.gauge("florin_http_connections", "Open client connections.")),
      body_bytes_(registry.gauge("florin_http_body_bytes_in_flight",
                                 "Bytes of the bodies over 16 KiB that are not answered yet.")),
      bodies_full_(registry.gauge("florin_http_body_memory_full",
                                  "1 while a body was refused in the last minute because all "
                                  "bodies together take http.body_memory_bytes.")) {
  for (std::size_t i = 0; i < connection_states; ++i) {
    by_state_[i] =
        &registry.gauge("florin_http_connections_by_state",
                        "Open client connections by what they are at, of the last sweep.",
                        {{"state", std::string(state_words[i])}});
  }
  for (const Route& route : router.routes()) {
    by_route_.push_back(make_figures(route.method, route.pattern));
  }
  by_route_.push_back(make_figures("other", "none"));
}

void Traffic::request_began() const { in_flight_.add(1); }
void Traffic::request_ended() const { in_flight_.add(-1); }
void Traffic::connection_opened() const { connections_.add(1); }
void Traffic::connection_closed() const { connections_.add(-1); }

void Traffic::note(const CountsByState& counts) {
  for (std::size_t i = 0; i < connection_states; ++i) {
    if (counts[i] != noted_[i]) by_state_[i]->add(counts[i] - noted_[i]);
  }
  noted_ = counts;
}

void Traffic::note(const BodyMemory& memory, SteadyTime now) {
  if (memory.times_full() != times_full_) full_until_ = now + std::chrono::minutes(1);
  times_full_ = memory.times_full();
  body_bytes_.set(static_cast<double>(memory.used()));
  bodies_full_.set(now < full_until_ ? 1 : 0);
}

void Traffic::answered(const Exchange& exchange, const Response& response) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - exchange.started;
  RouteFigures& figures =
      exchange.route ? by_route_[router_.index_of(*exchange.route)] : by_route_.back();
  figures.seconds->observe(took.count());
  counter(figures, method_label(exchange.request.method), response.status).add();
  if (access_log_ && log::enabled(log::Level::info)) log(exchange, response, took.count());
}

Traffic::RouteFigures Traffic::make_figures(std::string_view method,
                                            std::string_view pattern) const {
  metrics::Histogram& seconds = registry_.histogram(
      "florin_http_request_duration_seconds", "From the end of a request's headers to its answer.",
      metrics::latency_buckets(),
      {{"method", std::string(method)}, {"route", std::string(pattern)}});
  return {std::string(pattern), &seconds, {}};
}

metrics::Counter& Traffic::counter(RouteFigures& figures, std::string_view method,
                                   int status) const {
  for (const Count& count : figures.counts) {
    if (count.status == status && count.method == method) return *count.counter;
  }
  metrics::Counter& made = registry_.counter("florin_http_requests_total", "Requests answered.",
                                             {{"method", std::string(method)},
                                              {"route", figures.pattern},
                                              {"status", std::to_string(status)}});
  figures.counts.push_back({method, status, &made});
  return made;
}

void Traffic::log(const Exchange& exchange, const Response& response, double seconds) const {
  const Request& request = exchange.request;
  log::info("request", {{"method", request.method},
                        {"path", request.path},
                        {"status", response.status},
                        {"duration_us", static_cast<std::int64_t>(seconds * 1e6)},
                        {"bytes", static_cast<std::int64_t>(response.body.size())},
                        {"actor", request.caller.actor},
                        {"remote", request.remote},
                        {"request_id", request.request_id},
                        {"trace_id", trace_id_of(request.traceparent)}});
}

}  // namespace florin::http
