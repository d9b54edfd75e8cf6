#include "platform/kafka/mock_cluster_fixture.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace florin::kafka {
namespace {
constexpr std::int16_t produce_request = 0;
}

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

}  // namespace florin::kafka
