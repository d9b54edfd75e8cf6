#pragma once
#include <memory>
#include <string>
#include <vector>

#include "platform/kafka/kafka.h"

namespace florin::kafka {

/// A Kafka cluster for tests. By default the one that the client library offers: inside this
/// process, over real loopback sockets. With FLORIN_TEST_KAFKA=HOST:PORT a real one, which
/// FLORIN_TEST_KAFKA_CONTROL (a command that takes "down" or "up") stops and starts.
class TestCluster {
 public:
  TestCluster();
  ~TestCluster();

  std::string brokers() const;  ///< For Connection::brokers.
  /// A name that no other test uses: a real cluster outlives this one.
  std::string unique(const std::string& name) const;
  void create_topic(const std::string& name, int partitions);
  void take_down();
  void bring_up();
  bool is_real() const;
  /// The next `times` requests that store messages are answered with this code of the protocol.
  /// Not for a real cluster.
  void refuse_messages(int code, int times);
  /// The first records of a topic, partition by partition: waits until `count` are there, a while
  /// at most. No group takes part.
  std::vector<Received> read(const std::string& topic, int partitions, std::size_t count) const;

  static constexpr int message_too_large = 10;
  static constexpr int not_enough_replicas = 19;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::kafka
