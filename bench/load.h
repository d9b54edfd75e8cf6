#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/histogram.h"

namespace florin::bench {

struct Target {
  std::string host = "127.0.0.1";
  std::vector<int> ports;  ///< One of each node; connections go round them.
  std::string api_key;
};

/// Writes one whole HTTP request into `out` (cleared before).
using MakeRequest = std::function<void(std::string& out)>;
/// Sees every answer: its status and body.
using SeeAnswer = std::function<void(int status, std::string_view body)>;

struct LoadPlan {
  int connections = 64;
  double seconds = 10;  ///< Measured time, after the warm-up.
  double warmup_seconds = 1;
  std::int64_t max_requests = 0;  ///< Stops after so many answers; 0: by time alone.
  double offered_per_second = 0;  ///< 0: closed loop, a connection sends when it has been answered.
};

struct LoadResult {
  std::int64_t applied = 0;  ///< Answers 200 and 201, in the measured time.
  std::int64_t refused = 0;  ///< Answers 4xx.
  std::int64_t failed = 0;   ///< Answers 5xx.
  std::int64_t dropped = 0;  ///< Open loop: due, but never sent or answered before the end.
  std::int64_t applied_with_warmup = 0;
  double seconds = 0;
  /// Closed loop: from send to answer. Open loop: from when the request was due, so that a stall
  /// counts against every request that it delayed (no coordinated omission).
  Histogram latency;

  double per_second() const { return seconds > 0 ? static_cast<double>(applied) / seconds : 0; }
};

/// The head and body of a POST with JSON; `key` becomes the Idempotency-Key where it is not empty.
void append_post(std::string& out, const Target& target, std::string_view path,
                 std::string_view key, std::string_view body);
void append_get(std::string& out, const Target& target, std::string_view path);

/// Drives the server over keep-alive connections from one thread; every loop ends by itself.
/// Errors: run_failed when the server cannot be reached or answers something that is not HTTP.
Result<LoadResult> run_load(const Target& target, const LoadPlan& plan, const MakeRequest& make,
                            const SeeAnswer& see = {});

/// One request, one answer: its body. Errors: run_failed for any status but 200 and 201.
Result<std::string> ask(const Target& target, std::string_view request);

}  // namespace florin::bench
