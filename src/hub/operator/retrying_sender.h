#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hub/operator/gateway.h"
#include "platform/http_client/http_client.h"

namespace florin {
class Clock;
}
namespace florin::jobs {
class Delayer;
}

namespace florin::hub::operators {

/// A request to an Operator that may take several attempts.
struct OperatorRequest {
  std::shared_ptr<Gateway> gateway;
  /// A fresh one for every attempt.
  std::function<http_client::Request(Timestamp now)> build;
  std::function<bool(const http_client::Response&)> is_fault;
  std::int64_t max_attempts = 1;
  /// How long it may wait before its first attempt: the caller will not wait longer either.
  std::int64_t first_wait_ms = 0;
  std::string obstacle = {};  ///< Why it cannot be sent at all; then the rest may be missing.
};

/// How a request ended.
struct CallResult {
  /// The Operator's answer, whatever it says; none after faults, time-outs, and when nothing was
  /// sent.
  std::optional<http_client::Response> response;
  bool was_sent = false;    ///< An attempt reached the Operator, or may have.
  bool is_unclear = false;  ///< An attempt before the last may have been executed.
  std::string detail;       ///< Why there is no response.
  int attempts = 0;
};

/// The pause before the attempt after `attempts`: any length up to 200 ms doubled by each attempt,
/// at most 5 s (exponential back-off with full jitter). `random` is any number.
std::int64_t backoff_ms(int attempts, std::uint64_t random);

/// The pause before the next attempt of one that was answered with a Retry-After of so many seconds
/// (none: absent): never sooner than `own_ms`, our own schedule, however small it is; beyond 30 s
/// it is longer than a request waits.
std::int64_t pause_ms(std::int64_t own_ms, std::optional<std::int64_t> asked_s);

/// Carries requests to Operators through their gateways: waits for its turn, repeats after faults.
/// Safe for concurrent use.
class RetryingSender {
 public:
  using Done = std::function<void(CallResult)>;

  RetryingSender(http_client::HttpClient& http, jobs::Delayer& delayer, const Clock& clock);
  /// Ends running requests: no further attempt is made, and `done` runs here.
  ~RetryingSender();

  /// Returns at once. `done` runs once, on a thread of the HTTP client or of the delayer.
  void send(OperatorRequest request, Done done);
  /// send() and wait. Never from a thread that `done` would run on.
  CallResult send_and_wait(OperatorRequest request);

 private:
  struct Run;
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace florin::hub::operators
