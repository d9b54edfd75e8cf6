#include "hub/operator/operator_client.h"

#include <algorithm>
#include <array>
#include <future>
#include <utility>

#include "base/try.h"
#include "hub/errors.h"
#include "hub/operator/dialect.h"
#include "hub/operator/gateway.h"
#include "hub/operator/retrying_sender.h"
#include "platform/http_client/http_client.h"
#include "platform/metrics/metrics.h"

namespace florin::hub::operators {
namespace {

constexpr std::array<std::string_view, 5> meanings{"done", "refused", "not_found", "unknown",
                                                   "not_sent"};
constexpr std::int64_t connect_timeout_ms = 5'000;
constexpr double us_per_second = 1e6;

std::string label_of(Meaning meaning) {
  return std::string(meanings[static_cast<std::size_t>(meaning)]);
}

/// One operation's part of the metrics.
struct OperationMetrics {
  OperationMetrics(metrics::Registry& registry, std::string_view operation)
      : attempts(registry.counter("florin_hub_operator_attempts_total",
                                  "Attempts to call an Operator.",
                                  {{"operation", std::string(operation)}})),
        answer_seconds(registry.histogram(
            "florin_hub_operator_answer_seconds", "How long Operators take to answer.",
            metrics::latency_buckets(), {{"operation", std::string(operation)}})) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      calls[i] = &registry.counter(
          "florin_hub_operator_calls_total", "Calls to Operators by their result.",
          {{"operation", std::string(operation)}, {"meaning", label_of(static_cast<Meaning>(i))}});
    }
  }

  void count(const CallResult& delivery) const {
    if (delivery.attempts > 0) attempts.add(delivery.attempts);
    if (delivery.response)
      answer_seconds.observe(static_cast<double>(delivery.response->duration_us) / us_per_second);
  }

  metrics::Counter& attempts;
  metrics::Histogram& answer_seconds;
  std::array<metrics::Counter*, meanings.size()> calls{};
};

/// What came of the call, as far as it is sure.
Answer answer_of(const Dialect& dialect, const Call& call, const CallResult& delivery) {
  Answer answer;
  answer.detail = delivery.detail;
  if (delivery.response) {
    answer = dialect.read(call, *delivery.response);
    // Judged before the transaction was looked up, or while the earlier attempt was still running:
    // the refusal does not say that the earlier one booked nothing.
    if (answer.meaning == Meaning::refused && delivery.is_unclear) {
      Answer unclear;
      unclear.detail =
          "refused after an attempt that may have been booked: " + answer.refusal->detail;
      answer = std::move(unclear);
    }
  } else if (!delivery.was_sent) {
    answer.meaning = Meaning::not_sent;
  }
  answer.attempts = delivery.attempts;
  return answer;
}

/// What is the same for all requests to this Operator.
http_client::Request with_limits(http_client::Request request, const OperatorSettings& settings) {
  request.timeout_ms = static_cast<int>(settings.timeout_ms);
  request.connect_timeout_ms = static_cast<int>(std::min(settings.timeout_ms, connect_timeout_ms));
  request.addresses =
      settings.is_trusted ? http_client::AddressRule::any : http_client::AddressRule::public_only;
  return request;
}

}  // namespace

struct OperatorClient::Impl {
  Impl(http_client::HttpClient& http, jobs::Delayer& delayer, const Clock& c,
       metrics::Registry& registry, cache::RateLimiter& limits)
      : clock(c),
        gateways(registry, limits),
        by_operation{OperationMetrics(registry, to_string(Operation::balance)),
                     OperationMetrics(registry, to_string(Operation::debit)),
                     OperationMetrics(registry, to_string(Operation::credit)),
                     OperationMetrics(registry, to_string(Operation::rollback)),
                     OperationMetrics(registry, to_string(Operation::query))},
        list_metrics(registry, "list"),
        sender(http, delayer, clock) {}

  const Clock& clock;
  Gateways gateways;
  const std::array<OperationMetrics, 5> by_operation;
  const OperationMetrics list_metrics;
  RetryingSender sender;  // Last: ending it ends the calls that use the rest.

  /// Without what to send.
  OperatorRequest errand_to(const Target& target) {
    OperatorRequest request;
    request.gateway = gateways.of(target);
    request.max_attempts = target.settings.max_attempts;
    request.first_wait_ms = target.settings.timeout_ms;
    return request;
  }

  Answer counted(Operation operation, const CallResult& delivery, Answer answer) const {
    const OperationMetrics& metrics = by_operation[static_cast<std::size_t>(operation)];
    metrics.count(delivery);
    metrics.calls[static_cast<std::size_t>(answer.meaning)]->add();
    return answer;
  }

  /// A call that no attempt can be made of.
  void turn_down(Operation operation, Meaning meaning, std::string why, Done done) {
    OperatorRequest request;
    request.obstacle = std::move(why);
    sender.send(std::move(request),
                [this, operation, meaning, done = std::move(done)](const CallResult& delivery) {
                  Answer answer;
                  answer.meaning = meaning;
                  answer.detail = delivery.detail;
                  done(counted(operation, delivery, std::move(answer)));
                });
  }
};

OperatorClient::OperatorClient(http_client::HttpClient& http, jobs::Delayer& delayer,
                               const Clock& clock, metrics::Registry& metrics,
                               cache::RateLimiter& limits)
    : impl_(std::make_unique<Impl>(http, delayer, clock, metrics, limits)) {}

OperatorClient::~OperatorClient() = default;

void OperatorClient::call(const Target& target, Call call, Done done) {
  const Dialect* dialect = find_dialect(target.settings.dialect);
  const Operation operation = call.operation;
  if (!dialect)
    return impl_->turn_down(operation, Meaning::not_sent, "no dialect of this name",
                            std::move(done));
  if (!dialect->has(operation))
    return impl_->turn_down(operation, Meaning::unknown, "the dialect has no such call",
                            std::move(done));
  const auto shared = std::make_shared<const std::pair<Target, Call>>(target, std::move(call));
  OperatorRequest request = impl_->errand_to(target);
  request.build = [dialect, shared](Timestamp now) {
    return with_limits(dialect->build(shared->first, shared->second, now), shared->first.settings);
  };
  request.is_fault = [dialect](const auto& response) { return dialect->is_fault(response); };
  impl_->sender.send(std::move(request), [impl = impl_.get(), dialect, shared,
                                          done = std::move(done)](const CallResult& delivery) {
    const Call& asked = shared->second;
    done(impl->counted(asked.operation, delivery, answer_of(*dialect, asked, delivery)));
  });
}

Answer OperatorClient::call_and_wait(const Target& target, Call asked) {
  std::promise<Answer> promise;
  auto answer = promise.get_future();
  call(target, std::move(asked), [&](Answer a) { promise.set_value(std::move(a)); });
  return answer.get();
}

std::optional<Trouble> OperatorClient::trouble_with(PartnerId partner) {
  return impl_->gateways.trouble_with(partner);
}

std::map<PartnerId, Trouble> OperatorClient::troubles() { return impl_->gateways.troubles(); }

Result<ListedPage> OperatorClient::list_page(const Target& target, Timestamp from, Timestamp to,
                                             const std::string& cursor) {
  const Dialect* dialect = find_dialect(target.settings.dialect);
  const ListDialect* lists = dialect ? dialect->list() : nullptr;
  if (!lists) return Error{errors::operator_refused, "the Operator's dialect has no list"};
  const ListRequest question{from, to, cursor};
  OperatorRequest request = impl_->errand_to(target);
  request.build = [&](Timestamp now) {
    return with_limits(lists->build_list(target, question, now), target.settings);
  };
  request.is_fault = [&](const auto& response) { return dialect->is_fault(response); };
  const CallResult delivery = impl_->sender.send_and_wait(std::move(request));
  impl_->list_metrics.count(delivery);
  if (!delivery.response) return Error{errors::operator_unavailable, delivery.detail};
  return lists->read_list(*delivery.response);
}

}  // namespace florin::hub::operators
