#include "hub/operator/retrying_sender.h"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <random>
#include <unordered_set>
#include <utility>

#include "base/clock.h"
#include "platform/jobs/delayer.h"

namespace florin::hub::operators {
namespace {

constexpr std::int64_t us_per_ms = 1'000;
constexpr std::int64_t us_per_second = 1'000'000;
/// All pauses of one request together: beyond, the hub's resolver continues.
constexpr std::int64_t max_wait_ms = 30'000;
/// However long a Retry-After is, somebody looks again after this.
constexpr std::int64_t max_pause_us = max_wait_ms * us_per_ms;

std::uint64_t random_number() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return generator();
}

/// Nothing of it was executed: the Operator did not take it, or was not reached.
bool is_surely_not_executed(const Result<http_client::Response>& outcome) {
  if (outcome) return outcome->status == 429;
  return http_client::is_surely_not_sent(outcome.error().code);
}

std::string why_closed(const Gateway& gateway) {
  const auto trouble = gateway.trouble();
  return "the circuit breaker before this Operator is open" +
         (trouble ? ": " + trouble->reason : std::string());
}

/// What was wrong with an attempt; empty when nothing was.
std::string fault_of(const Result<http_client::Response>& outcome, bool is_fault) {
  if (!outcome) return outcome.error().detail;
  return is_fault ? "the Operator answered HTTP " + std::to_string(outcome->status) : std::string();
}

}  // namespace

std::int64_t pause_ms(std::int64_t own_ms, std::optional<std::int64_t> asked_s) {
  if (!asked_s || *asked_s <= 0) return own_ms;
  if (*asked_s > max_wait_ms / 1'000) return max_wait_ms + 1;  // Not to be waited for.
  return std::max(own_ms, *asked_s * 1'000);
}

std::int64_t backoff_ms(int attempts, std::uint64_t random) {
  constexpr std::int64_t first_ms = 200, max_ms = 5'000;
  constexpr int max_doublings = 5;  // 6.4 s: the longest is reached.
  const int doublings = std::clamp(attempts - 1, 0, max_doublings);
  const std::int64_t bound_ms = std::min(first_ms << doublings, max_ms);
  return static_cast<std::int64_t>(random % static_cast<std::uint64_t>(bound_ms + 1));
}

/// One request under way. Only one thread at a time has it: that of its present step.
struct RetryingSender::Run {
  OperatorRequest request;
  Done done;
  CallResult delivery;
  std::int64_t waited_ms = 0;
  bool has_waited_out_pause = false;
  bool has_place = false;  ///< In the gateway.
};

struct RetryingSender::Core : std::enable_shared_from_this<Core> {
  using RunPtr = std::shared_ptr<Run>;

  Core(http_client::HttpClient& h, jobs::Delayer& d, const Clock& c)
      : http(h), delayer(d), clock(c) {}

  http_client::HttpClient& http;
  jobs::Delayer& delayer;
  const Clock& clock;

  std::mutex mutex;  // Guards what follows.
  std::condition_variable idle;
  std::unordered_set<RunPtr> runs;
  int steps = 0;  ///< That threads are in.
  bool is_closing = false;

  /// Does a step of a run, unless the sender has ended it meanwhile.
  template <class Work>
  void step(Work work) {
    {
      const std::lock_guard lock(mutex);
      if (is_closing) return;
      ++steps;
    }
    work();
    const std::lock_guard lock(mutex);
    if (--steps == 0) idle.notify_all();
  }

  void start(RunPtr run);
  void try_attempt(const RunPtr& run);
  void attempt(const RunPtr& run, CircuitBreaker::Permit permit);
  void take_outcome(const RunPtr& run, CircuitBreaker::Permit permit,
                    Result<http_client::Response> outcome);
  std::int64_t pause_before_next(const RunPtr& run, const Result<http_client::Response>& outcome);
  bool may_wait(const Run& run, std::int64_t wait_ms) const;
  void try_later(const RunPtr& run, std::int64_t wait_ms);
  void finish(const RunPtr& run);
  void finish_soon(const RunPtr& run, std::string detail);
  static void end(Run& run);
  void close();
};

void RetryingSender::Core::start(RunPtr run) {
  step([&] {
    {
      const std::lock_guard lock(mutex);
      runs.insert(run);
    }
    if (!run->request.obstacle.empty()) return finish_soon(run, run->request.obstacle);
    run->has_place = run->request.gateway->enter();
    if (!run->has_place) return finish_soon(run, "too many calls to this Operator are under way");
    try_attempt(run);
  });
}

void RetryingSender::Core::try_attempt(const RunPtr& run) {
  const auto admission = run->request.gateway->authenticate(
      clock.now(), std::exchange(run->has_waited_out_pause, false));
  if (const auto* permit = std::get_if<CircuitBreaker::Permit>(&admission))
    return attempt(run, *permit);
  const auto* wait = std::get_if<Gateway::Wait>(&admission);
  if (!wait) return finish_soon(run, why_closed(*run->request.gateway));
  const std::int64_t wait_ms = wait->us / us_per_ms + 1;
  if (!may_wait(*run, wait_ms)) return finish_soon(run, "the Operator's rate leaves no room");
  try_later(run, wait_ms);
}

void RetryingSender::Core::attempt(const RunPtr& run, CircuitBreaker::Permit permit) {
  ++run->delivery.attempts;
  http.send(run->request.build(clock.now()),
            [core = shared_from_this(), run, permit](auto outcome) {
              core->step([&] { core->take_outcome(run, permit, std::move(outcome)); });
            });
}

void RetryingSender::Core::take_outcome(const RunPtr& run, CircuitBreaker::Permit permit,
                                        Result<http_client::Response> outcome) {
  CallResult& delivery = run->delivery;
  const bool is_fault = outcome && run->request.is_fault(*outcome);
  const bool is_limited = outcome && outcome->status == 429;
  const std::string fault = fault_of(outcome, is_fault);
  run->request.gateway->report(permit, fault, clock.now());
  delivery.was_sent |= outcome || !is_surely_not_executed(outcome);
  if (outcome && !is_fault && !is_limited) {
    delivery.response = std::move(*outcome);
    return finish(run);
  }
  delivery.is_unclear |= !is_surely_not_executed(outcome);
  delivery.detail = is_limited ? "the Operator answered HTTP 429" : fault;
  const bool is_hopeless = !outcome && outcome.error().code == http_client::errors::address_refused;
  const std::int64_t wait_ms = pause_before_next(run, outcome);
  if (is_hopeless || delivery.attempts >= run->request.max_attempts || !may_wait(*run, wait_ms))
    return finish(run);
  try_later(run, wait_ms);
}

std::int64_t RetryingSender::Core::pause_before_next(const RunPtr& run,
                                                     const Result<http_client::Response>& outcome) {
  const std::int64_t own_ms = backoff_ms(run->delivery.attempts, random_number());
  const Timestamp now = clock.now();
  const auto asked_s = outcome ? http_client::retry_after_s(*outcome, now.us / us_per_second)
                               : std::optional<std::int64_t>();
  if (!asked_s || *asked_s == 0) return pause_ms(own_ms, asked_s);
  // The others' calls wait too, by the clock; this one waits by itself.
  const std::int64_t pause_us =
      *asked_s > max_pause_us / us_per_second ? max_pause_us : *asked_s * us_per_second;
  run->request.gateway->pause(now, pause_us);
  run->has_waited_out_pause = true;
  return pause_ms(own_ms, asked_s);
}

bool RetryingSender::Core::may_wait(const Run& run, std::int64_t wait_ms) const {
  const std::int64_t bound_ms =
      run.delivery.attempts == 0 ? run.request.first_wait_ms : max_wait_ms;
  return run.waited_ms + wait_ms <= bound_ms;
}

void RetryingSender::Core::try_later(const RunPtr& run, std::int64_t wait_ms) {
  run->waited_ms += wait_ms;
  delayer.run_after(std::chrono::milliseconds(wait_ms), [core = shared_from_this(), run] {
    core->step([&] { core->try_attempt(run); });
  });
}

void RetryingSender::Core::finish(const RunPtr& run) {
  {
    const std::lock_guard lock(mutex);
    runs.erase(run);
  }
  end(*run);
}

/// Never on the thread of who called send().
void RetryingSender::Core::finish_soon(const RunPtr& run, std::string detail) {
  // What an attempt met says more than why there is no further one.
  if (run->delivery.attempts == 0) run->delivery.detail = std::move(detail);
  delayer.run_after(std::chrono::milliseconds(0),
                    [core = shared_from_this(), run] { core->step([&] { core->finish(run); }); });
}

void RetryingSender::Core::end(Run& run) {
  if (run.has_place) run.request.gateway->leave();
  run.done(std::move(run.delivery));
}

void RetryingSender::Core::close() {
  std::unordered_set<RunPtr> left;
  {
    std::unique_lock lock(mutex);
    is_closing = true;
    idle.wait(lock, [this] { return steps == 0; });
    left.swap(runs);
  }
  for (const RunPtr& run : left) {
    // An attempt may be with the Operator now.
    run->delivery.was_sent |= run->delivery.attempts > 0;
    run->delivery.detail = "the program is stopping";
    end(*run);
  }
}

RetryingSender::RetryingSender(http_client::HttpClient& http, jobs::Delayer& delayer,
                               const Clock& clock)
    : core_(std::make_shared<Core>(http, delayer, clock)) {}

RetryingSender::~RetryingSender() { core_->close(); }

void RetryingSender::send(OperatorRequest request, Done done) {
  auto run = std::make_shared<Run>();
  run->request = std::move(request);
  run->done = std::move(done);
  core_->start(std::move(run));
}

CallResult RetryingSender::send_and_wait(OperatorRequest request) {
  std::promise<CallResult> promise;
  auto delivery = promise.get_future();
  send(std::move(request), [&](CallResult d) { promise.set_value(std::move(d)); });
  return delivery.get();
}

}  // namespace florin::hub::operators
