#pragma once
#include <memory>
#include <string>
#include <vector>

#include "platform/kafka/kafka.h"

namespace florin::kafka {

/// A Kafka cluster inside this process, over real loopback sockets: what the client library offers
/// for tests. Its brokers can be taken down and brought up.
class MockCluster {
 public:
  explicit MockCluster(int brokers = 1);
  ~MockCluster();

  std::string brokers() const;  ///< For Connection::brokers.
  void create_topic(const std::string& name, int partitions);
  void take_down();
  void bring_up();
  /// The next `times` requests that store messages are answered with this code of the protocol.
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
