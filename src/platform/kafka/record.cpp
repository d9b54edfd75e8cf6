#include "platform/kafka/record.h"

#include <librdkafka/rdkafka.h>

namespace florin::kafka {
namespace {

std::string text_of(const void* bytes, std::size_t size) {
  return size == 0 ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

std::vector<Header> headers_of(const rd_kafka_message_t& message) {
  std::vector<Header> headers;
  rd_kafka_headers_t* all = nullptr;
  if (rd_kafka_message_headers(&message, &all) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(all, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    headers.push_back({name, text_of(value, size)});
  return headers;
}

}  // namespace

Received received(const rd_kafka_message_s& message) {
  return {rd_kafka_topic_name(message.rkt),
          message.partition,
          message.offset,
          text_of(message.key, message.key_len),
          text_of(message.payload, message.len),
          headers_of(message)};
}

}  // namespace florin::kafka
