#include <librdkafka/rdkafka.h>

#include <array>
#include <list>
#include <utility>

#include "base/try.h"
#include "platform/kafka/client.h"
#include "platform/kafka/errors.h"

namespace florin::kafka {
namespace {

/// Refusals of a message for what it is: sending it again cannot help.
bool is_refusal(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return true;
    default:
      return false;
  }
}

Error error_of(rd_kafka_resp_err_t code) {
  Error error = unavailable(code, "the message was not taken");
  if (is_refusal(code)) error.code = errors::kafka_message_refused;
  return error;
}

struct DestroyHeaders {
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
};
using Headers = std::unique_ptr<rd_kafka_headers_t, DestroyHeaders>;

Headers to_headers(const std::vector<Header>& headers) {
  Headers made(rd_kafka_headers_new(headers.size()));
  for (const Header& header : headers) {
    rd_kafka_header_add(made.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
                        header.value.data(), static_cast<ssize_t>(header.value.size()));
  }
  return made;
}

/// The library copies what it is given here, whatever its types say.
auto memory_of(std::string_view text) {
  decltype(rd_kafka_vu_t::u.mem) memory{};
  memory.ptr = const_cast<char*>(text.data());
  memory.size = text.size();
  return memory;
}

class RdProducer final : public Producer {
 public:
  explicit RdProducer(metrics::Registry& metrics) : client_(metrics, Client::Role::producer) {}

  Result<void> open(const Connection& connection) {
    return client_.open(connection,
                        {{"enable.idempotence", "true"},
                         {"acks", "all"},
                         // No message gives up: one that did would let later ones overtake it.
                         {"message.timeout.ms", "0"},
                         {"linger.ms", "5"},
                         {"compression.codec", "lz4"},
                         // Java's default, so that its clients find a key where we put it.
                         {"partitioner", "murmur2_random"},
                         {"queue.buffering.max.messages", "100000"},
                         {"queue.buffering.max.kbytes", "131072"}},
                        on_delivered);
  }

  Result<void> send(const Message& message, Done done) override;
  void poll(int wait_ms) override { rd_kafka_poll(client_.handle(), wait_ms); }
  Result<void> flush(int limit_ms) override {
    const auto code = rd_kafka_flush(client_.handle(), limit_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return unavailable(code, "not everything was acknowledged");
    return {};
  }
  std::optional<std::string> fault() const override { return client_.fault(); }

 private:
  /// A message under way; the list owns it, so that what never ends is freed with the producer.
  struct Open {
    RdProducer& producer;
    Done done;
    std::list<Open>::iterator place = {};
  };

  static void on_delivered(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    auto& open = *static_cast<Open*>(message->_private);
    open.producer.end(open, message->err);
  }
  void end(Open& open, rd_kafka_resp_err_t code);

  std::list<Open> open_;  // Outlives the client, whose callbacks point into it.
  Client client_;
};

Result<void> RdProducer::send(const Message& message, Done done) {
  open_.push_back({*this, std::move(done)});
  Open& open = open_.back();
  open.place = std::prev(open_.end());
  Headers headers = to_headers(message.headers);
  const std::string topic(message.topic);
  std::array<rd_kafka_vu_t, 6> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_KEY;
  parts[1].u.mem = memory_of(message.key);
  parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[2].u.mem = memory_of(message.value);
  parts[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[3].u.i = RD_KAFKA_MSG_F_COPY;
  parts[4].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[4].u.ptr = &open;
  parts[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[5].u.headers = headers.get();
  if (rd_kafka_error_t* refused =
          rd_kafka_produceva(client_.handle(), parts.data(), parts.size())) {
    const Error error = error_of(rd_kafka_error_code(refused));
    rd_kafka_error_destroy(refused);
    open_.erase(open.place);
    return error;
  }
  headers.release();  // NOLINT: the message owns them now.
  return {};
}

void RdProducer::end(Open& open, rd_kafka_resp_err_t code) {
  const Done done = std::move(open.done);
  open_.erase(open.place);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    client_.clear_fault();
    done({});
  } else {
    const Error error = error_of(code);
    client_.set_fault(error.detail);
    done(error);
  }
}

}  // namespace

Result<std::unique_ptr<Producer>> open_producer(const Connection& connection,
                                                metrics::Registry& metrics) {
  auto producer = std::make_unique<RdProducer>(metrics);
  TRY(producer->open(connection));
  return std::unique_ptr<Producer>(std::move(producer));
}

}  // namespace florin::kafka
