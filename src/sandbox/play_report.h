#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/play_model.h"
#include "sandbox/play_request.h"

namespace florin::sandbox {

/// How a game against the hub went.
struct PlayReport {
  std::string run;
  std::int64_t rounds = 0;  ///< Played: fewer than wanted when the game was broken off.
  std::array<std::int64_t, scenario_count> scenarios{};
  StatusCounts statuses;
  std::int64_t refused_bets = 0;
  std::vector<std::string> unresolved;
  std::vector<Violation> violations;
  std::int64_t violation_count = 0;
  PlaySums sums;
  std::int64_t duration_us = 0;
};
std::string to_json(const PlayReport& report);

}  // namespace florin::sandbox
