#include <librdkafka/rdkafka.h>

#include <chrono>

#include "base/try.h"
#include "platform/kafka/client.h"
#include "platform/kafka/errors.h"
#include "platform/metrics/metrics.h"

namespace florin::kafka {

Result<KafkaCheck> check_kafka(const Connection& connection, int limit_ms) {
  metrics::Registry unseen;
  Client client(unseen, Client::Role::producer);
  TRY(client.open(connection, {}));
  const auto start = std::chrono::steady_clock::now();
  const struct rd_kafka_metadata* found = nullptr;
  const auto code = rd_kafka_metadata(client.handle(), 0, nullptr, &found, limit_ms);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    while (rd_kafka_poll(client.handle(), 0) > 0) {
    }  // Hears why.
    Error error = unavailable(code, "Kafka gave no answer");
    if (client.fault()) error.detail += ": " + *client.fault();
    return error;
  }
  const auto took = std::chrono::steady_clock::now() - start;
  const int brokers = found->broker_cnt;
  rd_kafka_metadata_destroy(found);
  return KafkaCheck{brokers, std::chrono::duration_cast<std::chrono::microseconds>(took).count()};
}

}  // namespace florin::kafka
