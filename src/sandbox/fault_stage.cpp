#include "sandbox/fault_stage.h"

#include <chrono>
#include <utility>

#include "platform/jobs/delayer.h"

namespace florin::sandbox {
namespace {

using http::Response;

/// In the words of every dialect at once.
Response broken(int status) {
  return {status, R"({"status":"INTERNAL_ERROR","errorCode":500,"message":"a fault on request"})"};
}

Response rate_limited(int retry_after_s) {
  Response response{429, R"({"status":"RATE_LIMITED","message":"a fault on request"})"};
  response.headers.push_back({"Retry-After", std::to_string(retry_after_s)});
  return response;
}

Response redirected() {
  Response response{302, ""};
  response.headers.push_back({"Location", "/elsewhere"});
  return response;
}

Response html_page() {
  return {200, "<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>",
          "text/html; charset=utf-8"};
}

/// What reaches the caller instead of `response`, which is empty when the call was not executed.
Response spoilt(Response response, const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::error_500:
      return broken(500);
    case FaultKind::error_503:
      return broken(503);
    case FaultKind::rate_limited:
      return rate_limited(fault.retry_after_s);
    case FaultKind::html:
      return html_page();
    case FaultKind::half_body:
      response.body.resize(response.body.size() / 2);
      return response;
    case FaultKind::no_content_204:
      return Response::no_content();
    case FaultKind::redirect:
      return redirected();
    case FaultKind::gone_410:
      return {410, R"({"status":"GONE","message":"a fault on request"})"};
    default:
      return response;
  }
}

/// Long after its caller has given up; somebody who still waits learns that nothing is known.
constexpr int status_after_hanging = 504;

}  // namespace

FaultStage::FaultStage(int latency_ms, jobs::Delayer& delayer, const Clock& clock)
    : latency_ms_(latency_ms), delayer_(delayer), clock_(clock) {}

void FaultStage::play(StagedCall call, const http::Responder& responder) {
  const Fault fault = plan_.next({call.operation, call.player_id, call.transaction_id});
  switch (fault.kind) {
    case FaultKind::timeout_before_commit:
    case FaultKind::timeout_after_commit:
      hang(call, fault, responder);
      return;
    case FaultKind::out_of_order:
      overtake(std::move(call), fault, responder);
      return;
    default:
      answer_now(call, fault, responder);
  }
}

void FaultStage::refuse(std::string_view what, http::Response response,
                        const http::Responder& responder) {
  plan_.count(what);
  log_.add({clock_.now(), std::string(what), "", "", "none", "", response.status});
  send(std::move(response), latency_ms_, responder);
}

void FaultStage::answer_now(const StagedCall& call, const Fault& fault,
                            const http::Responder& responder) {
  Executed executed{};
  if (fault.takes_effect()) executed = call.execute(fault.kind);
  // Delivered twice by the network: the answer that gets through is the second.
  if (fault.kind == FaultKind::duplicate) executed = call.execute(fault.kind);
  Response response = spoilt(std::move(executed.response), fault);
  record(call, fault, std::move(executed.outcome), response.status);
  send(std::move(response), latency_ms_ + fault.latency_ms, responder);
}

void FaultStage::hang(const StagedCall& call, const Fault& fault,
                      const http::Responder& responder) {
  Executed executed{};
  if (fault.takes_effect()) executed = call.execute(fault.kind);
  record(call, fault, std::move(executed.outcome), 0);
  send(broken(status_after_hanging), fault.hold_ms, responder);
}

/// The call is executed late, so that what was sent after it comes before it.
void FaultStage::overtake(StagedCall call, const Fault& fault, const http::Responder& responder) {
  delayer_.run_after(std::chrono::milliseconds(fault.hold_ms),
                     [this, call = std::move(call), fault, responder] {
                       Executed executed = call.execute(fault.kind);
                       record(call, fault, std::move(executed.outcome), executed.response.status);
                       responder.send(std::move(executed.response));
                     });
}

void FaultStage::send(http::Response response, int delay_ms, const http::Responder& responder) {
  if (delay_ms <= 0) {
    responder.send(std::move(response));
    return;
  }
  delayer_.run_after(std::chrono::milliseconds(delay_ms),
                     [response = std::move(response), responder] { responder.send(response); });
}

void FaultStage::reset() {
  plan_.reset();
  log_.clear();
}

void FaultStage::record(const StagedCall& call, const Fault& fault, std::string outcome,
                        int status) {
  log_.add({clock_.now(), call.operation, call.player_id, call.transaction_id,
            std::string(name_of(fault.kind)), std::move(outcome), status});
}

}  // namespace florin::sandbox
