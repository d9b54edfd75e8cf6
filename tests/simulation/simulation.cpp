#include "simulation.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <regex>

#include "runner.h"

namespace florin::simulation {
namespace {

/// Executes until something differs. A throw is a fault too: the product did not start again.
std::string guarded(Runner& runner, const Step& step) {
  try {
    return runner.execute(step);
  } catch (const std::exception& fault) {
    return fmt::format("step {}: {}", step.number, fault.what());
  }
}

/// At the end: everything, and everything once more after a restart.
std::string conclude(Runner& runner, std::int64_t at_us) {
  auto fault = runner.settle();
  for (const Action action :
       {Action::audit, Action::restart, Action::expire_holds, Action::audit}) {
    if (fault.empty()) fault = guarded(runner, {.at_us = at_us, .action = action, .number = -1});
  }
  return fault;
}

/// What kind of fault it is: its last line without numbers and ids.
std::string kind_of(const std::string& fault) {
  static const std::regex changing("[0-9]+|[a-z]+_[0-9a-z]{13}");
  return std::regex_replace(fault.substr(fault.rfind("\n  ") + 1), changing, "#");
}

}  // namespace

Run run(const Engine& engine, std::uint64_t seed, int steps) {
  Run result;
  Runner runner(engine);
  Generator generator(seed);
  runner.on_answer = [&](const Step& step, const Answer& answer) {
    const auto body = json::parse(answer.body);
    const Value* next = body ? body->find("next_cursor") : nullptr;
    if (next && next->as_string()) generator.saw_cursor(step.request, *next->as_string());
  };
  std::int64_t last_us = 0;
  for (int i = 0; i < steps && result.fault.empty(); ++i) {
    Step step = generator.next(runner.model());
    step.number = i;
    step.request =
        Names::changed(step.request, [&](const auto& t) { return runner.names().hide(t); });
    last_us = step.at_us;
    result.steps.push_back(step);
    result.fault = guarded(runner, step);
  }
  if (result.fault.empty()) result.fault = conclude(runner, last_us);
  result.answers = runner.answers;
  return result;
}

Run repeat(const Engine& engine, const std::vector<Step>& steps) {
  Run result;
  Runner runner(engine);
  for (const Step& step : steps) {
    result.steps.push_back(step);
    result.fault = guarded(runner, step);
    if (!result.fault.empty()) break;
  }
  if (result.fault.empty() && !steps.empty()) result.fault = conclude(runner, steps.back().at_us);
  result.answers = runner.answers;
  return result;
}

Run shrink(const Engine& engine, const Run& failed, int seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  Run best = failed;
  for (std::size_t chunk = std::max<std::size_t>(best.steps.size() / 2, 1);;) {
    bool smaller = false;
    for (std::size_t end = best.steps.size(); end > 0;) {
      if (std::chrono::steady_clock::now() > until) return best;
      const std::size_t begin = end > chunk ? end - chunk : 0;
      std::vector<Step> fewer(best.steps.begin(), best.steps.begin() + static_cast<long>(begin));
      fewer.insert(fewer.end(), best.steps.begin() + static_cast<long>(end), best.steps.end());
      Run trial = repeat(engine, fewer);
      if (!trial.fault.empty() && kind_of(trial.fault) == kind_of(failed.fault)) {
        best = std::move(trial);
        smaller = true;
      }
      end = std::min(begin, best.steps.size());
    }
    if (chunk == 1 && !smaller) return best;
    if (!smaller || chunk > best.steps.size()) chunk = std::max<std::size_t>(chunk / 2, 1);
  }
}

std::string report(const Engine& engine, std::uint64_t seed, int steps, const Run& run) {
  std::string text = fmt::format("seed {} over {} failed; {} steps lead to it:\n", seed,
                                 engine.name, run.steps.size());
  for (const Step& step : run.steps) {
    const char* const name = step.action == Action::restart        ? "restart"
                             : step.action == Action::crash        ? "crash"
                             : step.action == Action::audit        ? "audit"
                             : step.action == Action::expire_holds ? "expire holds"
                                                                   : "";
    text += fmt::format("  {:4} {} {}\n", step.number, time_text(step.at_us),
                        step.action == Action::request ? shown(step.request) : name);
  }
  return text + run.fault +
         fmt::format("\nreplay: florin-simulate --engine {} --seed {} --steps {}\n", engine.name,
                     seed, steps);
}

}  // namespace florin::simulation
