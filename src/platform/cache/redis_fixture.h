#pragma once
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "platform/cache/redis.h"

namespace florin::cache {

/// A redis-server of the test's own on a free loopback port, without files.
class RedisServer {
 public:
  /// Whether this machine has one; tests that need it are skipped otherwise.
  static bool is_installed();

  /// Started, and answering. `arguments`: further ones of its command line.
  explicit RedisServer(std::vector<std::string> arguments = {});
  ~RedisServer();

  RedisOptions options() const;
  /// kill -9, and its end is waited for.
  void kill();
  /// Again, empty, on the same port.
  void start();
  void stop_answering();  ///< SIGSTOP: connections are accepted, nothing is answered.
  void go_on();

 private:
  const std::vector<std::string> arguments_;
  int port_ = 0;
  pid_t pid_ = -1;
};

/// Looks again and again, for half a minute at most.
bool wait_until(const std::function<bool()>& is_so);

}  // namespace florin::cache
