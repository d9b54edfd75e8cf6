#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "platform/http/server.h"
#include "platform/metrics/metrics.h"
#include "sandbox/dice.h"

namespace florin::sandbox {

/// What a wallet API may get wrong, for proving that a game server notices.
enum class HubBug {
  none,
  charges_twice,
  forgets_tombstones,
  overdraws,
  checks_no_signature,
  checks_no_time,
  takes_changed_amounts,
  takes_every_currency,
  refuses_credits,
  refuses_rollbacks,
  credits_after_rollback,
  never_knows,
  tells_no_balance,
  refuses_debits
};

struct HubOptions {
  HubBug bug = HubBug::none;
  double lost_answers = 0;  ///< How often an answer is 500 although the call took effect.
};

/// A wallet API by the hub's contract, in memory, on a free port.
class HubFixture final : public http::Authenticator {
 public:
  explicit HubFixture(HubOptions options = {});
  ~HubFixture() override { server_.stop(); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  int calls() const { return calls_; }

  std::optional<http::Authentication> try_authenticate(const http::Request&,
                                                       const http::Route&) override;
  http::Authentication authenticate(const http::Request&, const http::Route&) override;

 private:
  struct Stored {
    std::string player, ref, id;
    std::int64_t amount = 0;
    bool is_undone = false, is_settled = false;
    http::Response answer;
    std::string body;
  };
  struct Call;

  Result<http::Response> take(const std::string& operation, const http::Request& request);
  http::Response judge(const Call& call);
  http::Response debit(const Call& call);
  http::Response credit(const Call& call);
  http::Response rollback(const Call& call);
  http::Response done(const Call& call, std::int64_t change);
  http::Response known(const Call& call, Stored& stored);
  bool has(HubBug bug) const { return options_.bug == bug; }
  bool is_signed(const http::Request& request) const;
  http::Routes routes();

  const HubOptions options_;
  SystemClock clock_;
  metrics::Registry metrics_;
  std::mutex mutex_;
  std::map<std::string, std::int64_t> balances_;
  std::map<std::string, Stored> stored_;    ///< By operation and key.
  std::map<std::string, bool> tombstones_;  ///< By the key of the debit that will not be.
  Dice dice_{5};
  std::int64_t next_id_ = 1;
  std::atomic<int> calls_{0};
  http::Server server_;
};

}  // namespace florin::sandbox
