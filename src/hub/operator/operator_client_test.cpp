#include "hub/operator/operator_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>

#include "hub/errors.h"
#include "hub/operator/operator_fixture.h"
#include "ledger/errors.h"
#include "platform/cache/rate_limiter.h"
#include "platform/http_client/http_client.h"
#include "platform/jobs/delayer.h"
#include "platform/json/value.h"
#include "platform/metrics/metrics.h"

namespace florin::hub::operators {
namespace {

/// Moves only when told, and may be told while others read it.
class SteppedClock final : public Clock {
 public:
  Timestamp now() const override { return {now_us_}; }
  void advance_ms(std::int64_t ms) { now_us_ += ms * 1'000; }

 private:
  std::atomic<std::int64_t> now_us_{1'732'104'000'000'000};
};

struct OperatorClientTest : ::testing::Test {
  static Target target(const std::string& url) {
    Target t;
    t.partner = PartnerId{1};
    t.settings.base_url = url;
    t.settings.rate_per_minute = 0;
    t.settings.is_trusted = true;
    t.secret = Secret("operator-shared-secret");
    return t;
  }
  static Call debit(std::string transaction_id = "tx-1001") {
    Call call;
    call.transaction_id = std::move(transaction_id);
    call.ref_id = "round-77";
    call.player = "p-42";
    call.amount = Money{15'000, *Currency::parse("KZT")};
    return call;
  }
  std::future<Answer> call_async(const Target& t, Call call) {
    auto promise = std::make_shared<std::promise<Answer>>();
    client.call(t, std::move(call), [promise](Answer a) { promise->set_value(std::move(a)); });
    return promise->get_future();
  }
  bool shows(const std::string& line) const {
    return metrics.expose().find(line + "\n") != std::string::npos;
  }

  SteppedClock clock;
  metrics::Registry metrics;
  http_client::HttpClient http{{}};
  jobs::Delayer delayer;
  std::unique_ptr<cache::RateLimiter> limits = cache::limiter_in_memory();
  OperatorClient client{http, delayer, clock, metrics, *limits};
};

std::string ok() { return http_answer("200 OK", sample("florin_ok.json")); }

std::string member(const std::string& body, std::string_view name) {
  const auto document = json::parse(body);
  const json::Value* value = document ? document->find(name) : nullptr;
  return value && value->as_string() ? *value->as_string() : "";
}

TEST_F(OperatorClientTest, FaultsAreRepeatedUnderOneTransactionIdUntilTheAnswer) {
  ScriptedOperator server([](int number, const ReceivedCall&) {
    return number < 3 ? http_answer("500 Internal Server Error", "") : ok();
  });
  const Answer answer = client.call_and_wait(target(server.url()), debit());
  EXPECT_EQ(answer.meaning, Meaning::done) << answer.detail;
  EXPECT_EQ(answer.attempts, 3);
  EXPECT_EQ(answer.balance_minor, 85'000);
  EXPECT_EQ(answer.reference, "01JD2Q8W");

  std::set<std::string> request_ids;
  const auto calls = server.calls();
  ASSERT_EQ(calls.size(), 3u);
  for (const ReceivedCall& call : calls) {
    EXPECT_EQ(member(call.body, "transactionId"), "tx-1001");
    EXPECT_EQ(member(call.body, "requestId"), call.header("X-Request-Id"));
    request_ids.insert(call.header("X-Request-Id"));
  }
  EXPECT_EQ(request_ids.size(), 3u) << "each attempt has its own";
  EXPECT_TRUE(shows("florin_hub_operator_attempts_total{operation=\"debit\"} 3"));
  EXPECT_TRUE(shows("florin_hub_operator_calls_total{meaning=\"done\",operation=\"debit\"} 1"));
}

TEST_F(OperatorClientTest, FaultsToTheEndLeaveTheOutcomeUnknown) {
  ScriptedOperator server(
      [](int, const ReceivedCall&) { return http_answer("503 Service Unavailable", ""); });
  Target t = target(server.url());
  t.settings.max_attempts = 2;
  const Answer answer = client.call_and_wait(t, debit());
  EXPECT_EQ(answer.meaning, Meaning::unknown);
  EXPECT_EQ(answer.attempts, 2);
  EXPECT_EQ(answer.detail, "the Operator answered HTTP 503");
}

TEST_F(OperatorClientTest, SilenceLeavesTheOutcomeUnknown) {
  ScriptedOperator server([](int, const ReceivedCall&) { return std::string(); });
  Target t = target(server.url());
  t.settings.timeout_ms = 100;
  t.settings.max_attempts = 1;
  const Answer answer = client.call_and_wait(t, debit());
  EXPECT_EQ(answer.meaning, Meaning::unknown);
  EXPECT_EQ(answer.attempts, 1);
}

TEST_F(OperatorClientTest, HalfAnAnswerIsAskedForAgain) {
  ScriptedOperator server([](int number, const ReceivedCall&) {
    return number == 1 ? ok().substr(0, 150) + then_hang_up : ok();
  });
  const Answer answer = client.call_and_wait(target(server.url()), debit());
  EXPECT_EQ(answer.meaning, Meaning::done);
  EXPECT_EQ(answer.attempts, 2);
}

TEST_F(OperatorClientTest, WithoutAConnectionNothingWasSent) {
  Target t = target("http://127.0.0.1:" + std::to_string(closed_port()));
  t.settings.max_attempts = 2;
  const Answer answer = client.call_and_wait(t, debit());
  EXPECT_EQ(answer.meaning, Meaning::not_sent);
  EXPECT_EQ(answer.attempts, 2);
}

TEST_F(OperatorClientTest, AnUntrustedTargetReachesNoPrivateAddress) {
  ScriptedOperator server([](int, const ReceivedCall&) { return ok(); });
  Target t = target(server.url());
  t.settings.is_trusted = false;
  const Answer answer = client.call_and_wait(t, debit());
  EXPECT_EQ(answer.meaning, Meaning::not_sent);
  EXPECT_EQ(answer.attempts, 1) << "not repeated: the rule stays the same";
  EXPECT_TRUE(server.calls().empty());
}

TEST_F(OperatorClientTest, TooManyRequestsIsTriedAgainAfterRetryAfter) {
  std::atomic<bool> has_nearly_passed{false};
  std::atomic<bool> came_too_early{false};
  ScriptedOperator server([&](int number, const ReceivedCall&) {
    if (number == 1) return http_answer("429 Too Many Requests", "", "Retry-After: 1\r\n");
    came_too_early = !has_nearly_passed;
    return ok();
  });
  // The same delayer runs both, in the order of their times.
  delayer.run_after(std::chrono::milliseconds(990), [&] { has_nearly_passed = true; });
  const Answer answer = client.call_and_wait(target(server.url()), debit());
  EXPECT_EQ(answer.meaning, Meaning::done);
  EXPECT_EQ(answer.attempts, 2);
  EXPECT_FALSE(came_too_early);
}

TEST_F(OperatorClientTest, ARetryAfterThatIsTooLongIsNotWaitedForAndHoldsOtherCallsBack) {
  ScriptedOperator server([](int, const ReceivedCall&) {
    return http_answer("429 Too Many Requests", "", "Retry-After: 3600\r\n");
  });
  Target t = target(server.url());
  const Answer first = client.call_and_wait(t, debit());
  EXPECT_EQ(first.meaning, Meaning::unknown);
  EXPECT_EQ(first.attempts, 1);
  const Answer second = client.call_and_wait(t, debit("tx-1002"));
  EXPECT_EQ(second.meaning, Meaning::not_sent);
  EXPECT_EQ(server.calls().size(), 1u);
}

TEST_F(OperatorClientTest, ARefusalAfterALimitIsARefusal) {
  ScriptedOperator server([](int number, const ReceivedCall&) {
    return number == 1 ? http_answer("429 Too Many Requests", "")
                       : http_answer("200 OK", sample("florin_refused.json"));
  });
  const Answer answer = client.call_and_wait(target(server.url()), debit());
  EXPECT_EQ(answer.meaning, Meaning::refused);
  ASSERT_TRUE(answer.refusal);
  EXPECT_EQ(answer.refusal->code, ledger::errors::insufficient_funds);
}

TEST_F(OperatorClientTest, ARefusalAfterAnUnclearAttemptSettlesNothing) {
  ScriptedOperator server([](int number, const ReceivedCall&) {
    return number == 1 ? http_answer("500 Internal Server Error", "")
                       : http_answer("200 OK", sample("florin_refused.json"));
  });
  const Answer answer = client.call_and_wait(target(server.url()), debit());
  EXPECT_EQ(answer.meaning, Meaning::unknown) << "the first attempt may have taken the money";
  EXPECT_FALSE(answer.refusal);
  EXPECT_NE(answer.detail.find("INSUFFICIENT_FUNDS"), std::string::npos) << answer.detail;
}

TEST_F(OperatorClientTest, BrokenAnswersAreUnknownAndNotRepeated) {
  const std::string good = sample("florin_ok.json");
  const std::vector<std::string> answers{
      http_answer("200 OK", sample("service_page.html"), "Content-Type: text/html\r\n"),
      http_answer("200 OK", good.substr(0, good.size() / 2)),
      http_answer("200 OK", replaced(good, "KZT", "USD")),
      http_answer("200 OK", replaced(good, "850.00", "850.001")),
      http_answer("200 OK", replaced(good, "\"balance\"", R"("amount":"149.00","balance")")),
      http_answer("200 OK", replaced(good, "tx-1001", "tx-1002")),
      http_answer("204 No Content", ""),
      http_answer("302 Found", "", "Location: http://127.0.0.1:1/\r\n"),
      http_answer("404 Not Found", ""),
  };
  for (const std::string& bytes : answers) {
    ScriptedOperator server([&](int, const ReceivedCall&) { return bytes; });
    const Answer answer = client.call_and_wait(target(server.url()), debit());
    EXPECT_EQ(answer.meaning, Meaning::unknown) << bytes;
    EXPECT_EQ(answer.attempts, 1) << bytes;
    EXPECT_FALSE(answer.detail.empty()) << bytes;
  }
}

TEST_F(OperatorClientTest, TheBreakerOpensAfterFailuresInARowAndClosesAfterAProbe) {
  std::atomic<bool> is_healthy{false};
  ScriptedOperator server([&](int, const ReceivedCall&) {
    return is_healthy ? ok() : http_answer("500 Internal Server Error", "");
  });
  Target t = target(server.url());
  t.settings.max_attempts = 1;
  const std::string state =
      "florin_hub_operator_breaker_state{partner=\"" + t.partner.str() + "\"} ";
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::unknown) << i;
  }
  EXPECT_TRUE(shows(state + "2"));
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::not_sent);
  EXPECT_EQ(server.calls().size(), 10u);

  clock.advance_ms(5'000);
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::unknown) << "the probe fails";
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::not_sent) << "and it stays open";

  clock.advance_ms(5'000);
  is_healthy = true;
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::done);
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::done);
  EXPECT_TRUE(shows(state + "0"));
}

TEST_F(OperatorClientTest, OneOperatorsBreakerDoesNotTouchAnother) {
  ScriptedOperator sick(
      [](int, const ReceivedCall&) { return http_answer("500 Internal Server Error", ""); });
  ScriptedOperator healthy([](int, const ReceivedCall&) { return ok(); });
  Target one = target(sick.url());
  one.settings.max_attempts = 1;
  for (int i = 0; i < 11; ++i) (void)client.call_and_wait(one, debit());
  EXPECT_EQ(client.call_and_wait(one, debit()).meaning, Meaning::not_sent);
  Target other = target(healthy.url());
  other.partner = PartnerId{2};
  EXPECT_EQ(client.call_and_wait(other, debit()).meaning, Meaning::done);
}

TEST_F(OperatorClientTest, MoreCallsThanThereArePlacesAreNotSent) {
  std::promise<void> gate;
  const std::shared_future<void> opened = gate.get_future().share();
  ScriptedOperator server([&](int, const ReceivedCall&) {
    opened.wait();
    return ok();
  });
  Target t = target(server.url());
  t.settings.max_concurrent = 2;
  auto first = call_async(t, debit());
  auto second = call_async(t, debit());
  server.wait_for_calls(2);
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::not_sent);
  gate.set_value();
  EXPECT_EQ(first.get().meaning, Meaning::done);
  EXPECT_EQ(second.get().meaning, Meaning::done);
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::done) << "the places are free again";
}

TEST_F(OperatorClientTest, CallsBeyondTheRateWaitForTheirTurn) {
  ScriptedOperator server([](int, const ReceivedCall&) { return ok(); });
  Target t = target(server.url());
  t.settings.rate_per_minute = 2;
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::done);
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::done);
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::not_sent)
      << "the next token comes after 30 s, which is longer than a call waits";
  clock.advance_ms(29'990);
  auto waiting = call_async(t, debit());
  EXPECT_EQ(server.calls().size(), 2u);
  clock.advance_ms(10);
  EXPECT_EQ(waiting.get().meaning, Meaning::done);
  EXPECT_EQ(server.calls().size(), 3u);
}

TEST_F(OperatorClientTest, ChangedSettingsHoldFromTheNextCall) {
  ScriptedOperator server([](int, const ReceivedCall&) { return ok(); });
  Target t = target(server.url());
  t.settings.rate_per_minute = 1;
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::done);
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::not_sent);
  t.settings.rate_per_minute = 0;
  EXPECT_EQ(client.call_and_wait(t, debit()).meaning, Meaning::done);
}

TEST_F(OperatorClientTest, AQueryFindsTheTransactionOrSaysThatThereIsNone) {
  std::atomic<bool> is_known{true};
  ScriptedOperator server([&](int, const ReceivedCall&) {
    return http_answer(
        "200 OK", is_known ? sample("florin_query.json") : R"({"data":[],"next_cursor":null})");
  });
  Call query;
  query.operation = Operation::query;
  query.transaction_id = "tx-1001";
  query.currency = Currency::parse("KZT");
  const Answer found = client.call_and_wait(target(server.url()), query);
  EXPECT_EQ(found.meaning, Meaning::done) << found.detail;
  EXPECT_EQ(found.amount_minor, 15'000);
  EXPECT_FALSE(found.is_rolled_back);
  is_known = false;
  EXPECT_EQ(client.call_and_wait(target(server.url()), query).meaning, Meaning::not_found);
  EXPECT_EQ(server.calls().front().target, "/wallet/transactions?transactionId=tx-1001");
}

TEST_F(OperatorClientTest, WhatADialectDoesNotHaveIsUnknownAndAStrangeDialectIsNotSent) {
  Target t = target("http://127.0.0.1:1");
  Call query;
  query.operation = Operation::query;
  t.settings.dialect = "evenbet";
  EXPECT_EQ(client.call_and_wait(t, query).meaning, Meaning::unknown);
  t.settings.dialect = "esperanto";
  EXPECT_EQ(client.call_and_wait(t, query).meaning, Meaning::not_sent);
}

TEST_F(OperatorClientTest, ManyCallsFromManyThreads) {
  ScriptedOperator server([](int, const ReceivedCall& call) {
    return http_answer("200 OK", replaced(sample("florin_ok.json"), "tx-1001",
                                          member(call.body, "transactionId")));
  });
  const Target t = target(server.url());
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([&, n] {
      for (int i = 0; i < 50; ++i) {
        const auto id = "tx-" + std::to_string(n) + "-" + std::to_string(i);
        done += client.call_and_wait(t, debit(id)).meaning == Meaning::done ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, 200);
}

TEST_F(OperatorClientTest, EndingAnswersEveryCallOnce) {
  ScriptedOperator server([](int number, const ReceivedCall&) {
    return number == 1 ? std::string()
                       : http_answer("429 Too Many Requests", "", "Retry-After: 20\r\n");
  });
  std::atomic<int> answers{0};
  std::promise<Answer> asked, waiting;
  {
    OperatorClient ending(http, delayer, clock, metrics, *limits);
    const Target t = target(server.url());
    ending.call(t, debit(), [&](Answer a) { ++answers, asked.set_value(std::move(a)); });
    server.wait_for_calls(1);
    ending.call(t, debit(), [&](Answer a) { ++answers, waiting.set_value(std::move(a)); });
    server.wait_for_calls(2);
  }
  EXPECT_EQ(asked.get_future().get().meaning, Meaning::unknown);
  EXPECT_EQ(waiting.get_future().get().meaning, Meaning::unknown);
  EXPECT_EQ(answers, 2);
}

TEST_F(OperatorClientTest, TheListIsReadPageByPage) {
  ScriptedOperator server([](int number, const ReceivedCall&) {
    if (number == 1) return http_answer("500 Internal Server Error", "");
    return http_answer("200 OK",
                       number == 2 ? sample("florin_list.json") : sample("florin_query.json"));
  });
  const auto from = *Timestamp::parse("2026-11-20T00:00:00Z");
  const Timestamp to = from.plus_seconds(86'400);
  const auto first = client.list_page(target(server.url()), from, to, "");
  ASSERT_TRUE(first) << first.error().detail;
  const auto second = client.list_page(target(server.url()), from, to, first->next_cursor);
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ(second->next_cursor, "");
  std::vector<ListedTransaction> rows = first->rows;
  rows.insert(rows.end(), second->rows.begin(), second->rows.end());
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].amount_minor, 15'000);
  EXPECT_EQ(rows[1].amount_minor, 700) << "JPY has no decimals";
  EXPECT_EQ(rows[2].status, "TOMBSTONE");
  EXPECT_EQ(rows[0].processed_at, *Timestamp::parse("2026-11-20T10:11:12.345Z"));
  const auto calls = server.calls();
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[2].target.substr(calls[2].target.find("&cursor=")), "&cursor=3");
}

TEST_F(OperatorClientTest, AListThatCannotBeReadOrReachedIsAnError) {
  const Timestamp from{0}, to{1};
  for (const std::string body :
       {"{}", R"({"data":[{}],"next_cursor":null})", R"({"data":[],"next_cursor":7})"}) {
    ScriptedOperator server([&](int, const ReceivedCall&) { return http_answer("200 OK", body); });
    EXPECT_EQ(client.list_page(target(server.url()), from, to, "").error().code,
              errors::operator_refused)
        << body;
  }
  Target t = target("http://127.0.0.1:" + std::to_string(closed_port()));
  t.settings.max_attempts = 1;
  EXPECT_EQ(client.list_page(t, from, to, "").error().code, errors::operator_unavailable);
  t.settings.dialect = "evenbet";
  EXPECT_EQ(client.list_page(t, from, to, "").error().code, errors::operator_refused);
}

}  // namespace
}  // namespace florin::hub::operators
