#include "webhooks/endpoints/endpoint.h"

#include <algorithm>

namespace florin::webhooks {

std::vector<std::int64_t> exponential_delays(int attempts, std::int64_t first_delay_ms) {
  constexpr std::int64_t max_delay_ms = 24 * 3'600 * 1'000;
  std::vector<std::int64_t> delays;
  std::int64_t next = std::min(first_delay_ms, max_delay_ms);
  for (int i = 1; i < attempts; ++i) {
    delays.push_back(next);
    next = std::min(next * 2, max_delay_ms);
  }
  return delays;
}

std::vector<std::int64_t> game_server_delays() { return {1'000, 5'000, 15'000, 60'000, 300'000}; }

}  // namespace florin::webhooks
