#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "generator.h"
#include "world.h"

namespace florin::simulation {

/// How a run ended.
struct Run {
  std::vector<Step> steps;   ///< What was done, up to the one that failed.
  std::string fault;         ///< Empty: every answer was what the model says.
  std::int64_t answers = 0;  ///< How many were compared.
};

/// One run from a seed: the same steps, ids and answers each time.
Run run(const Engine& engine, std::uint64_t seed, int steps);
/// The steps once more over a new database.
Run repeat(const Engine& engine, const std::vector<Step>& steps);
/// The failing run with as many steps left out as can be, within `seconds`.
Run shrink(const Engine& engine, const Run& failed, int seconds);

/// The steps and the fault as text: what a person needs to see and to replay it.
std::string report(const Engine& engine, std::uint64_t seed, int steps, const Run& run);

}  // namespace florin::simulation
