#include "simulation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

namespace florin::simulation {
namespace {

constexpr int steps = 400;

void expect_no_fault(const Engine& engine, std::uint64_t seed) {
  const auto result = run(engine, seed, steps);
  if (result.fault.empty()) return;
  ADD_FAILURE() << report(engine, seed, steps, shrink(engine, result, 60));
}

class Simulation : public testing::TestWithParam<std::string> {
 protected:
  /// The engine of the test, or nothing when it is not there.
  static std::optional<Engine> engine() {
    for (const Engine& there : engines()) {
      if (there.name == GetParam()) return there;
    }
    return std::nullopt;
  }
};

TEST_P(Simulation, AnswersAsTheModelDoes) {
  const auto there = engine();
  if (!there) GTEST_SKIP() << "FLORIN_TEST_POSTGRES names no server";
  // Each commit over PostgreSQL is a round trip: fewer seeds take the same time.
  const std::uint64_t seeds = there->name == "sqlite" ? 25 : 4;
  for (std::uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed)
    expect_no_fault(*there, seed);
}

TEST_P(Simulation, AnswersAsTheModelDoesFromAFreshSeed) {
  const auto there = engine();
  if (!there) GTEST_SKIP() << "FLORIN_TEST_POSTGRES names no server";
  const auto seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() /
                                               std::chrono::milliseconds(1));
  std::printf("fresh seed: %llu\n", static_cast<unsigned long long>(seed));
  expect_no_fault(*there, seed);
}

TEST_P(Simulation, RepeatsExactlyFromASeed) {
  const auto there = engine();
  if (!there) GTEST_SKIP() << "FLORIN_TEST_POSTGRES names no server";
  const auto first = run(*there, 7, 100);
  const auto again = repeat(*there, first.steps);
  EXPECT_EQ(first.answers, again.answers);
  EXPECT_EQ(first.fault, again.fault);
}

INSTANTIATE_TEST_SUITE_P(Engines, Simulation, testing::Values("sqlite", "postgres"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace florin::simulation
