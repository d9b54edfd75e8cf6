#pragma once
#include <sys/types.h>

#include <string>

#include "bench/load.h"

namespace florin::bench {

/// A `florin serve` of our own over a data folder; ended when it goes.
class ServerProcess {
 public:
  /// Makes an API key without a rate limit, starts the server on a free port and waits until it is
  /// ready.
  static Result<ServerProcess> start(const std::string& binary, const std::string& data_dir);
  ServerProcess(ServerProcess&& other) noexcept;
  ServerProcess& operator=(ServerProcess&&) = delete;
  ~ServerProcess();

  /// Ends it by SIGTERM and waits.
  void stop();
  const Target& target() const { return target_; }
  /// From /proc: resident memory now and at its peak, in KiB, and CPU seconds so far.
  struct Usage {
    std::int64_t rss_kib = 0, peak_rss_kib = 0;
    double cpu_seconds = 0;
  };
  Usage usage() const;

 private:
  ServerProcess(pid_t pid, Target target) : pid_(pid), target_(std::move(target)) {}
  pid_t pid_ = -1;
  Target target_;
};

/// The standard output of a command; its exit code in `code`.
std::string output_of(const std::string& command, int& code);

}  // namespace florin::bench
