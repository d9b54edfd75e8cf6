#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "sandbox/hub_caller.h"
#include "sandbox/play_model.h"
#include "sandbox/play_report.h"
#include "sandbox/play_request.h"

namespace florin::sandbox {

/// Plays rounds against the hub's wallet API on threads of its own, with everything that networks
/// do to calls, and says what the hub got wrong. Which round meets what depends on the seed alone.
class Play {
 public:
  /// `secret` signs the calls. `client` and `clock` outlive the object.
  Play(PlayRequest request, const Secret& secret, http_client::HttpClient& client,
       const Clock& clock);

  /// Blocks until all rounds are played, settled and compared. Once.
  PlayReport run();
  /// Ends run() soon, from any thread.
  void break_off() { caller_.give_up(); }

 private:
  void on_threads(std::int64_t count, const std::function<void(std::int64_t)>& work);
  void play_round(std::int64_t number);
  PlayReport report(std::int64_t duration_us) const;

  const PlayRequest request_;
  const std::string run_;
  HubCaller caller_;
  PlayModel model_;
  std::array<std::atomic<std::int64_t>, scenario_count> scenarios_{};
  std::atomic<std::int64_t> rounds_{0}, refused_bets_{0};
};

}  // namespace florin::sandbox
