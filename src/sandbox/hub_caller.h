#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "platform/http_client/http_client.h"

namespace florin::sandbox {

/// What an answer of the hub means to a game server.
enum class Meaning : std::uint8_t {
  done,     ///< The money has moved, now or at an earlier attempt.
  refused,  ///< It has not and will not.
  unclear   ///< No answer, half of one, 202, 5xx, "later": ask again with the same key.
};

struct HubReply {
  Meaning meaning = Meaning::unclear;
  int status = 0;    ///< 0: none came.
  std::string code;  ///< Of a problem document: "insufficient_funds".
  std::string transaction_id;
  std::optional<std::int64_t> balance_cents = {};
  std::int64_t retry_after_s = 0;
};

/// A signed call of the wallet API. `forgery` is for calls that the hub must refuse.
struct HubCall {
  enum class Forgery : std::uint8_t { none, wrong_signature, stale_timestamp };
  std::string operation;  ///< "debit", "credit", "rollback", "balance".
  std::string key;        ///< Idempotency-Key; empty: none.
  std::string body;
  Forgery forgery = Forgery::none;
};

struct HubAccess {
  std::string url;  ///< "http://127.0.0.1:8000"
  std::string partner_id;
  Secret secret;
  int timeout_ms = 3'000;
  std::vector<int> retry_ms;  ///< How long to wait before the second attempt, the third ...
  bool signs_by_v2 = false;   ///< Method, path and key too.
};

/// How often which status came; 0 counts calls without an answer.
using StatusCounts = std::map<int, std::int64_t>;

/// A game server's side of the wallet API: signs, sends, and asks again until an answer is clear.
/// Safe for concurrent use.
class HubCaller {
 public:
  HubCaller(HubAccess access, http_client::HttpClient& client, const Clock& clock);

  /// One attempt, under way. The time stamp and the signature are new each time.
  std::future<HubReply> start(const HubCall& call);
  HubReply attempt(const HubCall& call) { return start(call).get(); }
  /// Attempts until the meaning is clear or the schedule is at its end.
  HubReply insist(const HubCall& call);
  /// Goes on after an attempt whose answer was `reply`.
  HubReply insist_after(const HubCall& call, HubReply reply);

  /// Ends waiting: from now on nothing is attempted again.
  void give_up();
  bool has_given_up() const { return has_given_up_; }
  StatusCounts statuses() const;

 private:
  http_client::Request request_of(const HubCall& call) const;
  void wait(int delay_ms);
  void count(int status);

  const HubAccess access_;
  http_client::HttpClient& client_;
  const Clock& clock_;
  std::atomic<bool> has_given_up_{false};
  mutable std::mutex mutex_;  ///< Guards what follows.
  std::condition_variable wake_;
  StatusCounts statuses_;
};

/// Reads an answer of the wallet API.
HubReply read_reply(const http_client::Response& response, Timestamp now);

}  // namespace florin::sandbox
