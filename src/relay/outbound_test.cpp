#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>

#include "base/try.h"
#include "platform/json/value.h"
#include "platform/kafka/errors.h"
#include "platform/sql/database.h"
#include "relay/relay_fixture.h"

namespace florin::relay {
namespace {

using OutboundTest = RelayFixture;

json::Value parsed(const kafka::Received& record) { return *json::parse(record.value); }

std::string text_at(const json::Value& object, std::string_view name) {
  const json::Value* found = object.find(name);
  return found && found->as_string() ? *found->as_string() : "(none)";
}

/// The numbers in the data of the records, by key, in the order of their arrival.
std::map<std::string, std::vector<std::int64_t>> numbers_by_key(
    const std::vector<kafka::Received>& records) {
  std::map<std::string, std::vector<std::int64_t>> numbers;
  for (const kafka::Received& record : records) {
    const json::Value document = parsed(record);
    numbers[record.key].push_back(*document.find("data")->find("n")->as_integer());
  }
  return numbers;
}

std::string numbered(int n) { return "{\"n\":" + std::to_string(n) + "}"; }

TEST_F(OutboundTest, EventsAreCloudEventsInTheTopicOfTheirFamily) {
  make_topics({"transactions", "payments", "webhooks", "account"});
  const EventId id = emit("transaction.executed", "tr_1", R"({"amount":1050,"x":"say \"hi\""})");
  emit("payment.completed", "pay_1");
  emit("webhook.endpoint.created", "whe_1");
  emit("account.created", "acc_1");
  make_relay(settings_out());
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_for_relayed(4));

  const auto records = read("transactions", 1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].key, "tr_1");
  EXPECT_EQ(records[0].headers,
            (std::vector<kafka::Header>{{"content-type", "application/cloudevents+json"}}));
  const json::Value event = parsed(records[0]);
  EXPECT_EQ(text_at(event, "specversion"), "1.0");
  EXPECT_EQ(text_at(event, "id"), id.str());
  EXPECT_EQ(text_at(event, "source"), "urn:florin:" + prefix);
  EXPECT_EQ(text_at(event, "type"), "transaction.executed");
  EXPECT_EQ(text_at(event, "subject"), "tr_1");
  EXPECT_EQ(text_at(event, "datacontenttype"), "application/json");
  EXPECT_EQ(text_at(event, "tenant"), tenant.str());
  EXPECT_TRUE(Timestamp::parse(text_at(event, "time")));
  EXPECT_EQ(*event.find("data"), *json::parse(R"({"amount":1050,"x":"say \"hi\""})"));
  EXPECT_EQ(read("payments", 1).size(), 1u);
  EXPECT_EQ(read("webhooks", 1).size(), 1u);
  EXPECT_EQ(read("account", 1).size(), 1u);
}

TEST_F(OutboundTest, BinaryModeHasTheAttributesInHeaders) {
  make_topics({"transactions"});
  const EventId id = emit("transaction.executed", "tr_1", R"({"amount":1050})");
  Settings wanted = settings_out();
  wanted.mode = CloudEventsMode::binary;
  make_relay(wanted);
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_for_relayed(1));
  const auto records = read("transactions", 1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].key, "tr_1");
  EXPECT_EQ(records[0].value, R"({"amount":1050})");
  std::map<std::string, std::string> headers;
  for (const kafka::Header& one : records[0].headers) headers[one.name] = one.value;
  EXPECT_EQ(headers.size(), 8u);
  EXPECT_EQ(headers["ce_specversion"], "1.0");
  EXPECT_EQ(headers["ce_id"], id.str());
  EXPECT_EQ(headers["ce_source"], "urn:florin:" + prefix);
  EXPECT_EQ(headers["ce_type"], "transaction.executed");
  EXPECT_EQ(headers["ce_subject"], "tr_1");
  EXPECT_EQ(headers["ce_tenant"], tenant.str());
  EXPECT_TRUE(Timestamp::parse(headers["ce_time"]));
  EXPECT_EQ(headers["content-type"], "application/json");
}

TEST_F(OutboundTest, AnOutageLosesNothingAndKeepsTheOrderOfASubject) {
  make_topics({"account"});
  make_relay(settings_out());
  ASSERT_TRUE(relay->start());
  for (int n = 0; n < 30; ++n) emit("account.updated", n % 2 ? "acc_odd" : "acc_even", numbered(n));
  ASSERT_TRUE(wait_for_relayed(30));
  cluster.take_down();
  ASSERT_TRUE(wait_until([&] { return !relay->health().is_healthy; }));
  for (int n = 30; n < 60; ++n)
    emit("account.updated", n % 2 ? "acc_odd" : "acc_even", numbered(n));
  ASSERT_TRUE(relay->jobs().front().run());
  EXPECT_EQ(relay->health().backlog, 30);
  EXPECT_EQ(figure("florin_relay_events_total"), 30);

  cluster.bring_up();
  ASSERT_TRUE(wait_for_relayed(60));
  ASSERT_TRUE(wait_until([&] { return relay->health().is_healthy; }));
  ASSERT_TRUE(relay->jobs().front().run());
  EXPECT_EQ(relay->health().backlog, 0);
  const auto records = read("account", 60);
  ASSERT_EQ(records.size(), 60u);
  for (const auto& [key, numbers] : numbers_by_key(records)) {
    ASSERT_EQ(numbers.size(), 30u);
    for (std::size_t i = 0; i < numbers.size(); ++i)
      EXPECT_EQ(numbers[i], static_cast<std::int64_t>(2 * i) + (key == "acc_odd" ? 1 : 0));
  }
}

TEST_F(OutboundTest, TheCursorPassesOnlyWhatIsAcknowledged) {
  make_topics({"account"});
  const EventId first = emit("account.updated", "acc_1", numbered(0));
  make_relay(settings_out());
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_for_relayed(1));
  cluster.take_down();
  emit("account.updated", "acc_1", numbered(1));
  ASSERT_TRUE(wait_until([&] { return !relay->health().is_healthy; }));
  relay->stop();
  EXPECT_EQ(saved_cursor(), first);

  cluster.bring_up();
  make_relay(settings_out());
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_for_relayed(2));
  EXPECT_EQ(numbers_by_key(read("account", 2)).at("acc_1"), (std::vector<std::int64_t>{0, 1}));
}

TEST_F(OutboundTest, ANodeThatWakesToFindAnotherInItsPlaceLeavesTheCursorAlone) {
  make_topics({"account"});
  std::atomic<bool> has_lease{true};
  std::atomic<int> refusals{0};
  make_relay(settings_out(), [&](sql::Tx&) -> Result<void> {
    if (has_lease) return {};
    ++refusals;
    return Error{florin::errors::internal_error, "another node relays"};
  });
  const EventId first = emit("account.updated", "acc_1", numbered(0));
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_until([&] { return saved_cursor() == first; }));
  has_lease = false;
  emit("account.updated", "acc_1", numbered(1));
  ASSERT_TRUE(wait_until([&] { return refusals > 0; }));
  relay->stop();
  EXPECT_EQ(saved_cursor(), first);
}

TEST_F(OutboundTest, ANodeWhoseLeaseIsOverSendsNothing) {
  make_topics({"account"});
  std::atomic<bool> holds_lease{true};
  std::atomic<int> late_checks{0};
  relay = std::make_unique<Relay>(Relay::Parts{*database, clock, ids, access, events, metrics,
                                               [](sql::Tx&) { return Result<void>(); },
                                               [&] {
                                                 if (!holds_lease) ++late_checks;
                                                 return holds_lease.load();
                                               }},
                                  settings_out());
  emit("account.updated", "acc_1", numbered(0));
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_for_relayed(1));
  holds_lease = false;
  emit("account.updated", "acc_1", numbered(1));
  ASSERT_TRUE(wait_until([&] { return late_checks > 5; }));
  EXPECT_EQ(figure("florin_relay_events_total"), 1);
  holds_lease = true;
  ASSERT_TRUE(wait_for_relayed(2));
}

TEST_F(OutboundTest, AfterACrashEventsComeAgainUnderTheirIds) {
  make_topics({"account"});
  emit("account.updated", "acc_1", numbered(0));
  make_relay(settings_out());
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_for_relayed(1));
  relay->stop();
  // A crash before the cursor was written leaves what it was before.
  static constexpr sql::Query forget{"test.forget", "DELETE FROM relay_cursors"};
  ASSERT_TRUE(database->write([](sql::Tx& tx) { return tx.exec(forget); }));
  make_relay(settings_out());
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_for_relayed(2));
  const auto records = read("account", 2);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].value, records[1].value);
}

TEST_F(OutboundTest, AnEventThatIsRefusedOnceIsSentAgainBeforeTheCursorPasses) {
  make_topics({"account"});
  if (cluster.is_real()) GTEST_SKIP() << "a real cluster refuses nothing on request";
  cluster.refuse_messages(kafka::TestCluster::message_too_large, 2);
  for (int n = 0; n < 20; ++n) emit("account.updated", "acc_1", numbered(n));
  make_relay(settings_out());
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_for_relayed(20));
  EXPECT_GE(figure("florin_relay_failures_total{direction=\"out\"}"), 1);
  const auto records = read("account", 20);
  EXPECT_EQ(numbers_by_key(records).at("acc_1").back(), 19);
}

TEST_F(OutboundTest, AnEventTooLongForKafkaStopsTheRelayAndIsNamed) {
  make_topics({"account"});
  emit("account.updated", "acc_1", numbered(0));
  const EventId poison =
      emit("account.updated", "acc_1", "{\"x\":\"" + std::string(1'500'000, 'x') + "\"}");
  emit("account.updated", "acc_1", numbered(2));
  make_relay(settings_out());
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_until([&] {
    return relay->health().detail.find(poison.str()) != std::string::npos &&
           figure("florin_relay_failures_total{direction=\"out\"}") >= 2;
  }));
  EXPECT_FALSE(relay->health().is_healthy);
  EXPECT_EQ(figure("florin_relay_events_total"), 1);
}

TEST_F(OutboundTest, ABrokerThatAnswersAndTakesNothingIsNoHealthyOne) {
  if (cluster.is_real()) GTEST_SKIP() << "a real cluster refuses nothing on request";
  make_topics({"account"});
  cluster.refuse_messages(kafka::TestCluster::not_enough_replicas, 100'000);
  ASSERT_TRUE(database->write([&](sql::Tx& tx) {
    const Timestamp before = clock.now().plus_seconds(-120);
    return events.append(tx, {tenant, "account.updated", "acc_1", "{}", "system", "", before});
  }));
  make_relay(settings_out());
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_until(
      [&] { return relay->jobs().front().run() && relay->health().lag_seconds >= 120; }));
  EXPECT_FALSE(relay->health().is_healthy);
  EXPECT_EQ(figure("florin_relay_events_total"), 0);
}

TEST_F(OutboundTest, WithoutBrokersThereIsNothing) {
  Settings none = settings();
  none.kafka.brokers.clear();
  make_relay(none);
  ASSERT_TRUE(relay->start());
  EXPECT_FALSE(relay->is_configured());
  EXPECT_TRUE(relay->health().is_healthy);
  EXPECT_TRUE(relay->jobs().empty());
}

TEST_F(OutboundTest, AWrongSettingIsToldAtTheStart) {
  Settings wrong = settings();
  wrong.kafka.security.sasl_mechanism = "NONE SUCH";
  wrong.kafka.security.protocol = "carrier-pigeon";
  make_relay(wrong);
  const auto started = relay->start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, kafka::errors::kafka_misconfigured);
}

/// A measurement, not a test: relay_test --gtest_also_run_disabled_tests --gtest_filter=*Drain*
TEST_F(OutboundTest, DISABLED_DrainOfABacklog) {
  constexpr int events_count = 100'000;
  make_topics({"account"});
  ASSERT_TRUE(database->write([&](sql::Tx& tx) -> Result<void> {
    for (int n = 0; n < events_count; ++n) {
      const std::string subject = "acc_" + std::to_string(n % 1'000);
      TRY(events.append(
          tx, {tenant, "account.updated", subject, numbered(n), "system", "", clock.now()}));
    }
    return {};
  }));
  make_relay(settings_out());
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_for_relayed(events_count));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%d events in %.2f s: %.0f/s\n", events_count, took.count(),
              events_count / took.count());
}

}  // namespace
}  // namespace florin::relay
