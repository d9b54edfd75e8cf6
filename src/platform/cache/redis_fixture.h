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

  /// Started, and answering. `arguments`: further ones of its command line; with "--tls-…" among
  /// them it speaks TLS alone.
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
  const bool is_tls_;
  int port_ = 0;
  pid_t pid_ = -1;
};

/// A private authority and certificates that it signed, in a folder that goes with it.
class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  /// Makes NAME.pem and NAME.key; `alternative_name` such as "IP:127.0.0.1".
  void certify(const std::string& name, const std::string& alternative_name) const;
  std::string file(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};

/// Looks again and again, for half a minute at most.
bool wait_until(const std::function<bool()>& is_so);

}  // namespace florin::cache
