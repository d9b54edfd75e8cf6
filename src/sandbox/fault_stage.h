#pragma once
#include <functional>
#include <string>

#include "base/clock.h"
#include "platform/http/route.h"
#include "sandbox/call_log.h"
#include "sandbox/fault_plan.h"

namespace florin::jobs {
class Delayer;
}

namespace florin::sandbox {

/// What executing a call gave: the answer without any fault of the network, and the word for it.
struct Executed {
  http::Response response;
  std::string outcome;
};

/// A call that has been understood and waits to be executed. `execute` is run never, once or twice,
/// as the fault wants it; it gets the fault because some change what is booked or answered.
struct StagedCall {
  std::string operation, player_id, transaction_id;
  std::function<Executed(FaultKind)> execute;
};

/// Plays each call with the fault that the plan has for it. Calls that hang wait in the delayer and
/// hold no thread. Safe for concurrent use.
class FaultStage {
 public:
  FaultStage(int latency_ms, jobs::Delayer& delayer, const Clock& clock);

  void play(StagedCall call, const http::Responder& responder);
  /// A call that is refused before it means anything; never faulty, and counted as `what`.
  void refuse(std::string_view what, http::Response response, const http::Responder& responder);

  /// Forgets rules, counts and calls.
  void reset();

  FaultPlan& plan() { return plan_; }
  const FaultPlan& plan() const { return plan_; }
  const CallLog& log() const { return log_; }

 private:
  void answer_now(const StagedCall& call, const Fault& fault, const http::Responder& responder);
  void hang(const StagedCall& call, const Fault& fault, const http::Responder& responder);
  void overtake(StagedCall call, const Fault& fault, const http::Responder& responder);
  void send(http::Response response, int delay_ms, const http::Responder& responder);
  void record(const StagedCall& call, const Fault& fault, std::string outcome, int status);

  const int latency_ms_;
  jobs::Delayer& delayer_;
  const Clock& clock_;
  FaultPlan plan_;
  CallLog log_;
};

}  // namespace florin::sandbox
