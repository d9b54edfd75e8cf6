#pragma once
#include <memory>
#include <string>

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

  static constexpr int message_too_large = 10;
  static constexpr int not_enough_replicas = 19;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::kafka
