#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "simulation.h"

/// Runs the simulation from one seed, or from one fresh seed after another for a time.
int main(int argc, char** argv) {
  using namespace florin::simulation;
  std::string engine_name;
  std::uint64_t seed = static_cast<std::uint64_t>(
      std::chrono::system_clock::now().time_since_epoch() / std::chrono::milliseconds(1));
  int runs = 1;
  int steps = 400;
  double minutes = 0;
  int shrink_seconds = 120;
  CLI::App app{"Compares the ledger with a model of it, from seeds."};
  app.add_option("--engine", engine_name, "sqlite or postgres; both by default");
  app.add_option("--seed", seed, "where to begin; the time by default");
  app.add_option("--runs", runs, "how many seeds, one after another");
  app.add_option("--minutes", minutes, "seeds until this time is over, instead of --runs");
  app.add_option("--steps", steps, "steps of a run");
  app.add_option("--shrink", shrink_seconds, "seconds for leaving out steps of a failing run");
  CLI11_PARSE(app, argc, argv);

  const auto begin = std::chrono::steady_clock::now();
  std::int64_t answers = 0;
  int done = 0;
  const auto goes_on = [&] {
    if (minutes <= 0) return done < runs;
    return std::chrono::steady_clock::now() - begin <
           std::chrono::duration<double, std::ratio<60>>(minutes);
  };
  for (; goes_on(); ++done, ++seed) {
    for (const Engine& engine : engines()) {
      if (!engine_name.empty() && engine.name != engine_name) continue;
      const Run result = run(engine, seed, steps);
      answers += result.answers;
      if (result.fault.empty()) continue;
      std::puts(report(engine, seed, steps, shrink(engine, result, shrink_seconds)).c_str());
      fmt::print("found after {} of {} steps of seed {}, run {}\n", result.steps.size(), steps,
                 seed, done + 1);
      return 1;
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("{} seeds, {} answers compared in {:.0f} s: all as the model says\n", done, answers,
             took.count());
  return 0;
}
