#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace florin::http_client {

/// A server that answers each request with exactly the bytes it is told to, also with none, too few
/// or wrong ones. Keeps what it received.
class RawServer {
 public:
  using Answer = std::function<std::string(const std::string& request)>;
  static const std::string stay_silent;  ///< As an answer: none, until the client gives up.
  static const std::string then_close;   ///< At the end of an answer: hang up after it.

  /// `greeting`: sent to each connection before it has said anything.
  explicit RawServer(Answer answer, std::string greeting = "");
  ~RawServer();

  int port() const { return port_; }
  std::string url(std::string_view path) const;
  std::vector<std::string> received() const;
  int connections() const;
  void wait_for_requests(std::size_t count) const;

 private:
  void accept_all();
  void serve(int fd);
  bool receive_request(int fd, std::string& pending, std::string& request) const;

  Answer answer_;
  std::string greeting_;
  int listener_ = -1, port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> received_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  int connections_ = 0;
  bool is_stopping_ = false;
  std::thread acceptor_;
};

}  // namespace florin::http_client
