#include "platform/kafka/test_cluster_fixture.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "platform/kafka/record.h"

namespace florin::kafka {
namespace {

constexpr std::int16_t produce_request = 0;
constexpr std::chrono::seconds read_limit{20};
constexpr int admin_limit_ms = 20'000;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// A client of the library that says nothing; with no brokers it only carries a mock cluster.
rd_kafka_t* client(rd_kafka_type_t type, const std::string& brokers) {
  std::array<char, 512> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), reason.data(), reason.size());
  if (type == RD_KAFKA_CONSUMER)
    rd_kafka_conf_set(conf, "group.id", "reader of a test", reason.data(), reason.size());
  rd_kafka_t* made = rd_kafka_new(type, conf, reason.data(), reason.size());
  if (!made) throw std::runtime_error(reason.data());
  return made;
}

void create_real_topic(rd_kafka_t* handle, const std::string& name, int partitions) {
  std::array<char, 512> reason{};
  rd_kafka_NewTopic_t* topic =
      rd_kafka_NewTopic_new(name.c_str(), partitions, 1, reason.data(), reason.size());
  rd_kafka_queue_t* answers = rd_kafka_queue_new(handle);
  rd_kafka_CreateTopics(handle, &topic, 1, nullptr, answers);
  rd_kafka_event_t* answer = rd_kafka_queue_poll(answers, admin_limit_ms);
  const bool is_done = answer && rd_kafka_event_error(answer) == RD_KAFKA_RESP_ERR_NO_ERROR;
  if (answer) rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(answers);
  rd_kafka_NewTopic_destroy(topic);
  if (!is_done) throw std::runtime_error("the topic " + name + " could not be made");
}

}  // namespace

struct TestCluster::Impl {
  std::string real_brokers = environment("FLORIN_TEST_KAFKA");
  std::string control = environment("FLORIN_TEST_KAFKA_CONTROL");
  rd_kafka_t* handle = nullptr;
  rd_kafka_mock_cluster_t* mock = nullptr;  // Null when the cluster is real.

  void tell_control(const char* word) const {
    if (std::system((control + " " + word).c_str()) != 0)
      throw std::runtime_error(control + " " + word + " failed");
  }
};

TestCluster::TestCluster() : impl_(std::make_unique<Impl>()) {
  impl_->handle = client(RD_KAFKA_PRODUCER, impl_->real_brokers);
  if (!is_real()) impl_->mock = rd_kafka_mock_cluster_new(impl_->handle, 1);
}

TestCluster::~TestCluster() {
  if (impl_->mock) rd_kafka_mock_cluster_destroy(impl_->mock);
  rd_kafka_destroy(impl_->handle);
}

bool TestCluster::is_real() const { return !impl_->real_brokers.empty(); }

std::string TestCluster::brokers() const {
  return is_real() ? impl_->real_brokers : rd_kafka_mock_cluster_bootstraps(impl_->mock);
}

std::string TestCluster::unique(const std::string& name) const {
  static std::atomic<int> number{0};
  return name + std::to_string(::getpid()) + "x" + std::to_string(++number);
}

void TestCluster::create_topic(const std::string& name, int partitions) {
  if (is_real()) {
    create_real_topic(impl_->handle, name, partitions);
  } else {
    rd_kafka_mock_topic_create(impl_->mock, name.c_str(), partitions, 1);
  }
}

void TestCluster::take_down() {
  if (is_real()) return impl_->tell_control("down");
  rd_kafka_mock_broker_set_down(impl_->mock, 1);
}

void TestCluster::bring_up() {
  if (is_real()) return impl_->tell_control("up");
  rd_kafka_mock_broker_set_up(impl_->mock, 1);
}

void TestCluster::refuse_messages(int code, int times) {
  const std::vector<rd_kafka_resp_err_t> codes(static_cast<std::size_t>(times),
                                               static_cast<rd_kafka_resp_err_t>(code));
  rd_kafka_mock_push_request_errors_array(impl_->mock, produce_request, codes.size(), codes.data());
}

std::vector<Received> TestCluster::read(const std::string& topic, int partitions,
                                        std::size_t count) const {
  rd_kafka_t* reader = client(RD_KAFKA_CONSUMER, brokers());
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i)
    rd_kafka_topic_partition_list_add(all, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_assign(reader, all);
  rd_kafka_topic_partition_list_destroy(all);
  std::vector<Received> records;
  const auto end = std::chrono::steady_clock::now() + read_limit;
  while (records.size() < count && std::chrono::steady_clock::now() < end) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(reader, 100);
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) records.push_back(received(*message));
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(reader);
  rd_kafka_destroy(reader);
  return records;
}

}  // namespace florin::kafka
