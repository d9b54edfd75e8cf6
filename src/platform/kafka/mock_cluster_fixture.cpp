#include "platform/kafka/mock_cluster_fixture.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "platform/kafka/record.h"

namespace florin::kafka {
namespace {
constexpr std::int16_t produce_request = 0;
constexpr std::chrono::seconds read_limit{20};

}  // namespace

struct MockCluster::Impl {
  rd_kafka_t* handle = nullptr;
  rd_kafka_mock_cluster_t* cluster = nullptr;
  int brokers = 0;
};

MockCluster::MockCluster(int brokers) : impl_(std::make_unique<Impl>()) {
  std::array<char, 512> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);
  impl_->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size());
  if (!impl_->handle) throw std::runtime_error(reason.data());
  impl_->cluster = rd_kafka_mock_cluster_new(impl_->handle, brokers);
  impl_->brokers = brokers;
}

MockCluster::~MockCluster() {
  rd_kafka_mock_cluster_destroy(impl_->cluster);
  rd_kafka_destroy(impl_->handle);
}

std::string MockCluster::brokers() const {
  return rd_kafka_mock_cluster_bootstraps(impl_->cluster);
}

void MockCluster::create_topic(const std::string& name, int partitions) {
  rd_kafka_mock_topic_create(impl_->cluster, name.c_str(), partitions, impl_->brokers);
}

void MockCluster::take_down() {
  for (int id = 1; id <= impl_->brokers; ++id) rd_kafka_mock_broker_set_down(impl_->cluster, id);
}

void MockCluster::bring_up() {
  for (int id = 1; id <= impl_->brokers; ++id) rd_kafka_mock_broker_set_up(impl_->cluster, id);
}

void MockCluster::refuse_messages(int code, int times) {
  const std::vector<rd_kafka_resp_err_t> codes(static_cast<std::size_t>(times),
                                               static_cast<rd_kafka_resp_err_t>(code));
  rd_kafka_mock_push_request_errors_array(impl_->cluster, produce_request, codes.size(),
                                          codes.data());
}

std::vector<Received> MockCluster::read(const std::string& topic, int partitions,
                                        std::size_t count) const {
  std::array<char, 512> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers().c_str(), reason.data(), reason.size());
  rd_kafka_conf_set(conf, "group.id", "reader of a test", reason.data(), reason.size());
  rd_kafka_t* reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason.data(), reason.size());
  if (!reader) throw std::runtime_error(reason.data());
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
