// A game server against a wallet API over real HTTP: a hub that keeps its contract is never blamed,
// and each way of breaking it is noticed.
#include "sandbox/play.h"

#include <algorithm>

#include "sandbox/hub_fixture.h"
#include "sandbox/rgs_simulator.h"
#include "sandbox/sandbox_fixture.h"

namespace florin::sandbox {
namespace {

PlayRequest small_game(const HubFixture& hub) {
  PlayRequest request;
  request.hub_url = hub.url();
  request.rounds = 400;
  request.players = 5;
  request.concurrency = 8;
  request.retry_ms = std::vector<int>(20, 1);
  return request;
}

PlayReport play(const PlayRequest& request) {
  const SystemClock clock;
  http_client::HttpClient client({});
  return Play(request, Secret(std::string(hub_secret)), client, clock).run();
}

PlayReport play_against(HubOptions options, PlayRequest (*change)(PlayRequest) = nullptr) {
  HubFixture hub(options);
  const PlayRequest request = small_game(hub);
  return play(change == nullptr ? request : change(request));
}

bool has_violation(const PlayReport& report, std::string_view rule) {
  return std::any_of(report.violations.begin(), report.violations.end(),
                     [&](const Violation& violation) { return violation.rule == rule; });
}

TEST(Play, AHubThatKeepsItsContractIsNotBlamed) {
  const PlayReport report = play_against({});
  EXPECT_EQ(report.rounds, 400);
  EXPECT_EQ(report.violation_count, 0) << to_json(report);
  EXPECT_TRUE(report.unresolved.empty());
  for (const std::int64_t count : report.scenarios) EXPECT_GT(count, 0);
  const PlaySums& sums = report.sums;
  EXPECT_EQ(sums.opening - sums.debits + sums.credits + sums.rollbacks, sums.closing);
  EXPECT_GT(sums.rollbacks, 0);
  EXPECT_GT(report.statuses.at(401), 0);
  EXPECT_GT(report.statuses.at(402), 0);
  EXPECT_GT(report.statuses.at(422), 0);
}

TEST(Play, LostAnswersAreAskedForAgain) {
  const PlayReport report = play_against({.lost_answers = 0.2});
  EXPECT_EQ(report.violation_count, 0) << to_json(report);
  EXPECT_TRUE(report.unresolved.empty());
  EXPECT_GT(report.statuses.at(500), 0);
}

TEST(Play, TheSeedDecidesWhatIsPlayed) {
  const auto scenarios = [](std::int64_t seed) {
    HubFixture hub;
    PlayRequest request = small_game(hub);
    request.seed = seed;
    return play(request).scenarios;
  };
  EXPECT_EQ(scenarios(1), scenarios(1));
  EXPECT_NE(scenarios(1), scenarios(2));
}

TEST(Play, EveryBreachIsNoticed) {
  const std::vector<std::pair<HubBug, std::string_view>> breaches{
      {HubBug::charges_twice, "two_transactions"},
      {HubBug::charges_twice, "balance_equation"},
      {HubBug::forgets_tombstones, "debit_after_rollback_accepted"},
      {HubBug::overdraws, "negative_balance"},
      {HubBug::overdraws, "last_money_twice"},
      {HubBug::refuses_debits, "last_money_refused"},
      {HubBug::checks_no_signature, "wrong_signature_accepted"},
      {HubBug::checks_no_time, "stale_timestamp_accepted"},
      {HubBug::takes_changed_amounts, "changed_amount_accepted"},
      {HubBug::takes_every_currency, "unsupported_currency_accepted"},
      {HubBug::refuses_credits, "credit_refused"},
      {HubBug::refuses_rollbacks, "rollback_refused"},
      {HubBug::credits_after_rollback, "credit_after_rollback_accepted"}};
  for (const auto& [bug, rule] : breaches) {
    const PlayReport report = play_against({.bug = bug}, [](PlayRequest request) {
      request.largest_bet_cents = 50'000;
      return request;
    });
    EXPECT_TRUE(has_violation(report, rule)) << rule << "\n" << to_json(report);
  }
}

TEST(Play, WhatStaysUnclearIsListedAndNotGuessed) {
  const PlayReport report = play_against({.bug = HubBug::never_knows}, [](PlayRequest request) {
    request.retry_ms = {1};
    request.rounds = 50;
    return request;
  });
  EXPECT_FALSE(report.unresolved.empty());
  EXPECT_FALSE(has_violation(report, "balance_equation"));
}

TEST(Play, AHubThatIsAwayIsReported) {
  PlayRequest request;
  request.hub_url = "http://127.0.0.1:1";
  request.rounds = 1'000'000;
  const PlayReport report = play(request);
  EXPECT_TRUE(has_violation(report, "hub_unreachable"));
  EXPECT_EQ(report.rounds, 0);
  EXPECT_EQ(report.statuses.at(0), 1);
}

TEST(Play, AHubThatKnowsNobodyIsReported) {
  const PlayReport report =
      play_against({.bug = HubBug::tells_no_balance}, [](PlayRequest request) {
        request.rounds = 1;
        return request;
      });
  EXPECT_TRUE(has_violation(report, "no_opening_balance"));
  EXPECT_TRUE(has_violation(report, "no_closing_balance"));
}

TEST(Play, IsBegunOverHttp) {
  HubFixture hub;
  SandboxFixture sandbox;
  http_client::Request call =
      sandbox.request("POST", "",
                      R"({"rounds":50,"seed":3,"players":2,"concurrency":4,"hub_url":")" +
                          hub.url() + R"(","rates":{"last_money":0.5,"cancelled":0.5}})");
  call.url = sandbox.rgs_url() + "/sandbox/play";
  sandbox.clock.set(SystemClock().now());
  const Answer report = sandbox.send(call);
  EXPECT_EQ(report.status, 200);
  EXPECT_EQ(report.number("rounds"), 50);
  EXPECT_EQ(report.number("violation_count"), 0);
  const json::Value& scenarios = *report.body.find("scenarios");
  EXPECT_EQ(*scenarios.find("plain")->as_integer(), 0);
  EXPECT_EQ(
      *scenarios.find("last_money")->as_integer() + *scenarios.find("cancelled")->as_integer(), 50);
}

TEST(Play, ABadRequestNamesItsFields) {
  for (const std::string_view text :
       {R"({"hub_url":"ftp://x"})", R"({"hub_url":"http://x","rounds":0})",
        R"({"hub_url":"http://x","currency":"XXY"})",
        R"({"hub_url":"http://x","rates":{"plain":1}})",
        R"({"hub_url":"http://x","signature_scheme":"v3"})",
        R"({"hub_url":"http://x","rates":{"cancelled":1,"last_money":0.1}})",
        R"({"hub_url":"http://x","rates":{"cancelled":2}})",
        R"({"hub_url":"http://x","retry_ms":["1"]})", R"({"hub_url":"http://x","more":1})"}) {
    const auto request = parse_play(text, {});
    ASSERT_FALSE(request) << text;
    EXPECT_EQ(request.error().code, florin::errors::validation_failed);
    EXPECT_EQ(request.error().fields.size(), 1U) << text;
  }
  EXPECT_EQ(parse_play("{", {}).error().code, json::errors::malformed_json);
}

TEST(PlayModel, AnUnclearMovementMayHaveHappenedOrNot) {
  PlayModel model;
  model.opened("ana", 1'000);
  model.ended(PlayModel::Kind::debit, "ana", "k1", 100, Meaning::unclear);
  model.ended(PlayModel::Kind::credit, "ana", "k2", 30, Meaning::unclear);
  for (const std::int64_t balance : {900, 930, 1'000, 1'030}) model.closed("ana", balance);
  EXPECT_EQ(model.violation_count(), 0);
  model.closed("ana", 899);
  model.closed("ana", 1'031);
  EXPECT_EQ(model.violation_count(), 2);
  EXPECT_EQ(model.unresolved().size(), 2U);
}

TEST(PlayModel, ARollbackSettlesWhatWasUnclear) {
  PlayModel model;
  model.opened("ana", 1'000);
  model.ended(PlayModel::Kind::debit, "ana", "k1", 100, Meaning::unclear);
  model.rolled_back("k1", Meaning::done);
  model.ended(PlayModel::Kind::debit, "ana", "k2", 100, Meaning::done);
  model.rolled_back("k2", Meaning::refused);
  model.closed("ana", 900);
  EXPECT_EQ(model.violation_count(), 0);
  EXPECT_TRUE(model.unresolved().empty());
}

TEST(HubCaller, ReadsWhatAnAnswerMeans) {
  const auto meaning = [](int status, std::string body) {
    return read_reply({status, {}, std::move(body), false, 0}, {}).meaning;
  };
  EXPECT_EQ(meaning(201, R"({"status":"OK"})"), Meaning::done);
  EXPECT_EQ(meaning(201, R"({"status":"O)"), Meaning::unclear);
  EXPECT_EQ(meaning(202, R"({"status":"PENDING"})"), Meaning::unclear);
  EXPECT_EQ(meaning(204, ""), Meaning::unclear);
  EXPECT_EQ(meaning(402, R"({"code":"insufficient_funds"})"), Meaning::refused);
  EXPECT_EQ(meaning(409, R"({"code":"request_in_progress"})"), Meaning::unclear);
  EXPECT_EQ(meaning(409, R"({"code":"already_rolled_back"})"), Meaning::refused);
  EXPECT_EQ(meaning(429, "{}"), Meaning::unclear);
  EXPECT_EQ(meaning(503, "{}"), Meaning::unclear);
}

}  // namespace
}  // namespace florin::sandbox
