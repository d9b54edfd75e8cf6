#include "sandbox/play.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "platform/crypto/random.h"
#include "sandbox/round.h"

namespace florin::sandbox {

Play::Play(PlayRequest request, const Secret& secret, http_client::HttpClient& client,
           const Clock& clock)
    : request_(std::move(request)),
      run_("run-" + crypto::random_hex(4)),
      caller_({request_.hub_url, request_.partner_id, secret, request_.timeout_ms,
               request_.retry_ms, request_.signs_by_v2},
              client, clock) {}

PlayReport Play::run() {
  const auto began = std::chrono::steady_clock::now();
  const Table table{request_, run_, caller_, model_};
  // Every call to a hub that is unavailable would be retried for as long as the schedule lasts.
  if (!is_hub_there(table)) {
    model_.violated({"hub_unreachable", request_.hub_url, "the first call got no answer"});
    return report(0);
  }
  const auto name_of_player = [this](std::int64_t number) {
    return run_ + "-player-" + std::to_string(number);
  };
  on_threads(request_.players, [&](std::int64_t i) { open_player(table, name_of_player(i)); });
  on_threads(request_.rounds, [this](std::int64_t i) { play_round(i); });
  on_threads(request_.players, [&](std::int64_t i) { close_player(table, name_of_player(i)); });
  const auto took = std::chrono::steady_clock::now() - began;
  return report(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
}

/// Work 0 to `count` - 1, each once, until the game is broken off.
void Play::on_threads(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  std::atomic<std::int64_t> next{0};
  std::vector<std::thread> threads;
  const auto wanted = std::min<std::int64_t>(count, request_.concurrency);
  for (std::int64_t i = 0; i < wanted; ++i) {
    threads.emplace_back([&] {
      for (std::int64_t n = next++; n < count && !caller_.has_given_up(); n = next++) work(n);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

void Play::play_round(std::int64_t number) {
  Round round({request_, run_, caller_, model_}, number);
  ++scenarios_[static_cast<std::size_t>(round.scenario())];
  round.play();
  ++rounds_;
  if (round.was_refused()) ++refused_bets_;
}

PlayReport Play::report(std::int64_t duration_us) const {
  PlayReport report;
  report.run = run_;
  report.rounds = rounds_;
  for (std::size_t i = 0; i < scenario_count; ++i) report.scenarios[i] = scenarios_[i];
  report.statuses = caller_.statuses();
  report.refused_bets = refused_bets_;
  report.unresolved = model_.unresolved();
  report.violations = model_.violations();
  report.violation_count = model_.violation_count();
  report.sums = model_.sums();
  report.duration_us = duration_us;
  return report;
}

}  // namespace florin::sandbox
