#include <fmt/core.h>
#include <librdkafka/rdkafka.h>

#include <map>
#include <utility>

#include "base/try.h"
#include "platform/kafka/client.h"
#include "platform/kafka/errors.h"
#include "platform/kafka/record.h"

namespace florin::kafka {
namespace {

/// How long the answer to a commit may take; offsets that were not committed only repeat messages.
constexpr int commit_limit_ms = 5'000;

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using MessagePtr = std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_destroy>>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                   Destroy<rd_kafka_topic_partition_list_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;

class RdConsumer final : public Consumer {
 public:
  explicit RdConsumer(metrics::Registry& metrics) : client_(metrics, Client::Role::consumer) {}
  ~RdConsumer() override {
    // Leaving tells the group at once; without a broker it would only wait for one.
    if (client_.handle() && !client_.fault()) rd_kafka_consumer_close(client_.handle());
  }

  Result<void> open(const Connection& connection, const Subscription& subscription);
  Result<std::vector<Received>> poll(int wait_ms, std::size_t limit) override;
  Result<void> commit() override;
  std::optional<std::string> fault() const override;

 private:
  void take(const rd_kafka_message_t& message, std::vector<Received>& into);
  bool has_partitions() const;

  Client client_;
  std::optional<std::string> topic_fault_;
  // The offset to go on from, of what was given and not committed.
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> next_offsets_;
};

Result<void> RdConsumer::open(const Connection& connection, const Subscription& subscription) {
  TRY(client_.open(connection,
                   {{"group.id", subscription.group},
                    {"session.timeout.ms", std::to_string(subscription.session_timeout_ms)},
                    {"heartbeat.interval.ms", std::to_string(subscription.session_timeout_ms / 10)},
                    {"enable.auto.commit", "false"},
                    {"enable.auto.offset.store", "false"},
                    {"auto.offset.reset", "earliest"},
                    {"allow.auto.create.topics", "true"},
                    {"topic.metadata.refresh.interval.ms", "10000"}}));
  rd_kafka_poll_set_consumer(client_.handle());
  const Partitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), subscription.topic.c_str(),
                                    RD_KAFKA_PARTITION_UA);
  const auto code = rd_kafka_subscribe(client_.handle(), topics.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return Error{
        errors::kafka_misconfigured,
        fmt::format("the topic {} cannot be read: {}", subscription.topic, rd_kafka_err2str(code))};
  return {};
}

Result<std::vector<Received>> RdConsumer::poll(int wait_ms, std::size_t limit) {
  std::vector<Received> messages;
  int wait = wait_ms;
  while (messages.size() < limit) {
    const MessagePtr message(rd_kafka_consumer_poll(client_.handle(), wait));
    if (!message) break;
    take(*message, messages);
    wait = 0;
  }
  if (rd_kafka_fatal_error(client_.handle(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return Error{errors::kafka_unavailable, client_.fault().value_or("the Kafka client gave up")};
  return messages;
}

void RdConsumer::take(const rd_kafka_message_t& message, std::vector<Received>& into) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    topic_fault_ = rd_kafka_message_errstr(&message);
    return;
  }
  topic_fault_.reset();
  client_.clear_fault();
  into.push_back(received(message));
  next_offsets_[{into.back().topic, message.partition}] = message.offset + 1;
}

Result<void> RdConsumer::commit() {
  if (next_offsets_.empty()) return {};
  const Partitions offsets(
      rd_kafka_topic_partition_list_new(static_cast<int>(next_offsets_.size())));
  for (const auto& [place, offset] : next_offsets_) {
    rd_kafka_topic_partition_list_add(offsets.get(), place.first.c_str(), place.second)->offset =
        offset;
  }
  const Queue answers(rd_kafka_queue_new(client_.handle()));
  auto code =
      rd_kafka_commit_queue(client_.handle(), offsets.get(), answers.get(), nullptr, nullptr);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const Event answer(rd_kafka_queue_poll(answers.get(), commit_limit_ms));
    code = answer ? rd_kafka_event_error(answer.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  }
  // Offsets of partitions that went to another member are that member's now.
  next_offsets_.clear();
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return unavailable(code, "the offsets were not committed");
  return {};
}

bool RdConsumer::has_partitions() const {
  rd_kafka_topic_partition_list_t* assigned = nullptr;
  if (rd_kafka_assignment(client_.handle(), &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  const Partitions owner(assigned);
  return assigned->cnt > 0;
}

std::optional<std::string> RdConsumer::fault() const {
  if (client_.fault()) return client_.fault();
  // A missing topic is logged once; it ends when the group gives us partitions.
  return topic_fault_ && !has_partitions() ? topic_fault_ : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Consumer>> open_consumer(const Connection& connection,
                                                const Subscription& subscription,
                                                metrics::Registry& metrics) {
  auto consumer = std::make_unique<RdConsumer>(metrics);
  TRY(consumer->open(connection, subscription));
  return std::unique_ptr<Consumer>(std::move(consumer));
}

}  // namespace florin::kafka
