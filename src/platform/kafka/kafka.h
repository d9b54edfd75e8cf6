#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace florin::metrics {
class Registry;
}

namespace florin::kafka {

/// How the connection is secured. Empty members keep the library's default.
struct Security {
  std::string protocol;  ///< "plaintext", "ssl", "sasl_plaintext" or "sasl_ssl".
  std::string sasl_mechanism;
  std::string sasl_username;
  Secret sasl_password;
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  Secret key_password;
};

/// Where Kafka is and who we are to it.
struct Connection {
  std::string brokers;  ///< "HOST:PORT,HOST:PORT"; the first that answers names the rest.
  std::string client_id = "florin";
  Security security = {};
  int statistics_ms = 1'000;  ///< How often figures are taken.
};

struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};

/// What is sent. All of it is copied before send() returns.
struct Message {
  std::string_view topic;
  std::string_view key;  ///< Messages of one key keep their order.
  std::string_view value;
  std::vector<Header> headers = {};
};

/// What was received. A record without a key or a value has an empty one.
struct Received {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string key;
  std::string value;
  std::vector<Header> headers;
};

/// Sends messages: idempotently, acknowledged by all replicas, in order of the calls for each
/// partition, and without giving up: an outage delays. Of one thread; every `done` runs on it,
/// inside poll() or flush().
class Producer {
 public:
  /// Nothing, or why Kafka did not take the message (kafka_message_refused, kafka_unavailable).
  /// After one failure later messages may have been taken: who needs order ends this producer,
  /// opens another and sends again from the failed message on.
  using Done = std::function<void(const Result<void>&)>;

  virtual ~Producer() = default;  ///< What was not acknowledged is dropped; `done` is not called.
  /// Queues the message. Errors: kafka_unavailable when the queue is full (poll, then try again);
  /// kafka_message_refused when it can never be sent. `done` is not called then.
  virtual Result<void> send(const Message& message, Done done) = 0;
  /// Runs what is done, waiting for the first up to `wait_ms`.
  virtual void poll(int wait_ms) = 0;
  /// Waits until everything is acknowledged or refused. Errors: kafka_unavailable when the time is
  /// over before.
  virtual Result<void> flush(int limit_ms) = 0;
  /// Why Kafka cannot be reached now; nothing while it can.
  virtual std::optional<std::string> fault() const = 0;
};

/// Reads a topic as a member of a group. Offsets move by commit() alone. Of one thread.
class Consumer {
 public:
  virtual ~Consumer() = default;  ///< Leaves the group; commits nothing.
  /// Up to `limit` messages that arrive within `wait_ms`, in order of each partition; fewer, or
  /// none, when there are no more. Errors: kafka_unavailable.
  virtual Result<std::vector<Received>> poll(int wait_ms, std::size_t limit) = 0;
  /// Everything that poll() gave is done with: it will not come again. Errors: kafka_unavailable
  /// (it may come again).
  virtual Result<void> commit() = 0;
  /// Why Kafka cannot be reached now; nothing while it can.
  virtual std::optional<std::string> fault() const = 0;
};

struct Subscription {
  std::string topic;
  std::string group;
  /// When a member that is silent is taken for dead and others get its part.
  int session_timeout_ms = 30'000;
};

/// The result of a check of Kafka.
struct KafkaCheck {
  int brokers = 0;
  std::int64_t round_trip_us = 0;
};

/// Connects, logs in and asks who the brokers are. Errors: kafka_misconfigured, kafka_unavailable;
/// both name the settings, neither holds the password.
Result<KafkaCheck> check_kafka(const Connection& connection, int limit_ms);

/// Both return before a connection stands; whether it does fault() says.
/// Errors: kafka_misconfigured.
Result<std::unique_ptr<Producer>> open_producer(const Connection& connection,
                                                metrics::Registry& metrics);
Result<std::unique_ptr<Consumer>> open_consumer(const Connection& connection,
                                                const Subscription& subscription,
                                                metrics::Registry& metrics);

}  // namespace florin::kafka
