#include "platform/kafka/kafka.h"

#include <gtest/gtest.h>

#include <chrono>

#include "platform/kafka/errors.h"
#include "platform/kafka/test_cluster_fixture.h"
#include "platform/metrics/metrics.h"

namespace florin::kafka {
namespace {

constexpr int patience_ms = 20'000;

/// Polls until it is so; the limit only ends a test that fails.
template <class Poll, class Condition>
bool poll_until(const Poll& poll, const Condition& is_so) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    poll();
  }
  return true;
}

class KafkaTest : public testing::Test {
 protected:
  Connection connection() const {
    return {.brokers = cluster.brokers(), .security = {}, .statistics_ms = 50};
  }
  std::unique_ptr<Producer> producer() { return std::move(*open_producer(connection(), metrics)); }
  std::unique_ptr<Consumer> consumer() {
    return std::move(*open_consumer(connection(), {topic, group, 5'000}, metrics));
  }
  static std::vector<Received> read(Consumer& consumer, std::size_t count) {
    std::vector<Received> all;
    poll_until(
        [&] {
          auto some = consumer.poll(100, count - all.size());
          if (!some) return;
          for (Received& one : *some) all.push_back(std::move(one));
        },
        [&] { return all.size() >= count; });
    return all;
  }

  TestCluster cluster;
  const std::string topic = cluster.unique("notes");
  const std::string group = cluster.unique("readers");
  metrics::Registry metrics;
};

TEST_F(KafkaTest, MessagesOfAKeyArriveInOrderWithTheirHeaders) {
  cluster.create_topic(topic, 4);
  const auto out = producer();
  int acknowledged = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_TRUE(out->send({topic, i % 2 ? "odd" : "even", value, {{"place", value}}},
                          [&](const Result<void>& done) { acknowledged += done ? 1 : 0; }));
  }
  ASSERT_TRUE(out->flush(patience_ms));
  EXPECT_EQ(acknowledged, 100);
  EXPECT_FALSE(out->fault());

  const auto in = consumer();
  int next_odd = 1;
  int next_even = 0;
  for (const Received& one : read(*in, 100)) {
    int& next = one.key == "odd" ? next_odd : next_even;
    EXPECT_EQ(one.value, std::to_string(next));
    EXPECT_EQ(one.headers, (std::vector<Header>{{"place", one.value}}));
    next += 2;
  }
  EXPECT_EQ(next_odd, 101);
  EXPECT_EQ(next_even, 100);
}

TEST_F(KafkaTest, WhatWasNotCommittedComesAgain) {
  cluster.create_topic(topic, 1);
  const auto out = producer();
  for (const char* value : {"a", "b", "c"})
    ASSERT_TRUE(out->send({topic, "k", value}, [](const Result<void>&) {}));
  ASSERT_TRUE(out->flush(patience_ms));

  auto in = consumer();
  ASSERT_EQ(read(*in, 2).size(), 2u);
  ASSERT_TRUE(in->commit());
  ASSERT_EQ(read(*in, 1).size(), 1u);
  in = nullptr;
  in = consumer();
  const auto again = read(*in, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again.front().value, "c");
  EXPECT_EQ(again.front().offset, 2);
}

TEST_F(KafkaTest, AnOutageDelaysMessagesAndKeepsTheirOrder) {
  cluster.create_topic(topic, 1);
  const auto out = producer();
  cluster.take_down();
  std::vector<int> acknowledged;
  for (int i = 0; i < 10; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_TRUE(out->send({topic, "k", value}, [&acknowledged, i](const Result<void>& done) {
      if (done) acknowledged.push_back(i);
    }));
  }
  ASSERT_TRUE(poll_until([&] { out->poll(20); }, [&] { return out->fault().has_value(); }));
  const auto late = out->flush(50);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, errors::kafka_unavailable);
  EXPECT_TRUE(acknowledged.empty());

  cluster.bring_up();
  ASSERT_TRUE(out->flush(patience_ms));
  EXPECT_EQ(acknowledged, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_TRUE(poll_until([&] { out->poll(20); }, [&] { return !out->fault(); }));
}

TEST_F(KafkaTest, ARefusedMessageIsToldWithItsReason) {
  cluster.create_topic(topic, 1);
  const auto out = producer();
  const auto too_long = out->send({topic, "k", std::string(2'000'000, 'x')}, {});
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, errors::kafka_message_refused);

  if (cluster.is_real()) GTEST_SKIP() << "a real cluster refuses nothing on request";
  cluster.refuse_messages(TestCluster::message_too_large, 1);
  std::optional<Error> refused;
  ASSERT_TRUE(out->send({topic, "k", "v"}, [&](const Result<void>& done) {
    if (!done) refused = done.error();
  }));
  ASSERT_TRUE(out->flush(patience_ms));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, errors::kafka_message_refused);
}

TEST_F(KafkaTest, AValueTheClientDoesNotTakeIsNamedAndNotShown) {
  Connection wrong = connection();
  wrong.security.protocol = "s3cret-typed-in-the-wrong-line";
  const auto opened = open_producer(wrong, metrics);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, errors::kafka_misconfigured);
  EXPECT_NE(opened.error().detail.find("security.protocol"), std::string::npos);
  EXPECT_EQ(opened.error().detail.find("s3cret"), std::string::npos);
}

TEST_F(KafkaTest, AConsumerWithoutABrokerSaysSo) {
  Connection nowhere = connection();
  nowhere.brokers = "127.0.0.1:1";
  const auto in = std::move(*open_consumer(nowhere, {topic, group}, metrics));
  EXPECT_TRUE(in->fault());
  ASSERT_TRUE(in->poll(50, 10));
  EXPECT_TRUE(in->fault());
}

TEST_F(KafkaTest, ALookFindsTheBrokersOrNamesTheSetting) {
  const auto found = check_kafka(connection(), patience_ms);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->brokers, 1);
  Connection nowhere = connection();
  nowhere.brokers = "127.0.0.1:1";
  const auto missing = check_kafka(nowhere, 500);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, errors::kafka_unavailable);
  EXPECT_NE(missing.error().detail.find("kafka.brokers"), std::string::npos)
      << missing.error().detail;
}

TEST_F(KafkaTest, AnAuthorityThatIsNotThereIsNamedAndThePasswordNotShown) {
  Connection wrong = connection();
  wrong.security.protocol = "sasl_ssl";
  wrong.security.sasl_mechanism = "PLAIN";
  wrong.security.sasl_username = "florin";
  wrong.security.sasl_password = Secret("hush-hush");
  wrong.security.ca_file = "/no/such/ca.pem";
  const auto opened = open_producer(wrong, metrics);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, errors::kafka_misconfigured);
  EXPECT_NE(opened.error().detail.find("kafka.ssl_ca_file"), std::string::npos)
      << opened.error().detail;
  EXPECT_EQ(opened.error().detail.find("hush-hush"), std::string::npos);
}

TEST_F(KafkaTest, ABrokerThatSpeaksNoTlsIsToldWithTheSetting) {
  Connection wrong = connection();
  wrong.security.protocol = "ssl";
  const auto refused = check_kafka(wrong, 1'000);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("kafka.security_protocol"), std::string::npos)
      << refused.error().detail;
}

}  // namespace
}  // namespace florin::kafka
