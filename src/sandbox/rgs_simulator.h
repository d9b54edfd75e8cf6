#pragma once
#include <mutex>
#include <set>

#include "base/secret.h"
#include "platform/http/route.h"
#include "platform/http_client/http_client.h"
#include "sandbox/deliveries.h"
#include "sandbox/fault_stage.h"
#include "sandbox/play_request.h"

namespace florin::sandbox {

class Play;

struct RgsOptions {
  Secret webhook_secret;
  Secret hub_secret;          ///< Signs its calls to the hub.
  PlayRequest play_defaults;  ///< What a request to play does not say.
};

/// A game server (RGS): takes signed webhooks at `POST /webhooks`, and plays against the hub on
/// request. Its control lies under `/sandbox/`; see docs/sandbox.md. Safe for concurrent use.
class RgsSimulator {
 public:
  RgsSimulator(RgsOptions options, jobs::Delayer& delayer, const Clock& clock);

  /// They refer to this object.
  http::Routes routes();
  /// Ends the games that run soon, and later ones at once.
  void break_off();

 private:
  void webhook(const http::Request& request, const http::Responder& responder);
  bool is_signed(const http::Request& request) const;
  Executed take(const Delivery& delivery);
  http::Response deliveries(const http::Request& request) const;
  Result<http::Response> play(const http::Request& request);
  http::Response state() const;
  http::Response reset();

  const RgsOptions options_;
  const Clock& clock_;
  FaultStage stage_;
  Deliveries deliveries_;
  http_client::HttpClient client_;
  std::mutex mutex_;  ///< Guards what follows.
  std::set<Play*> games_;
  bool is_broken_off_ = false;
};

}  // namespace florin::sandbox
