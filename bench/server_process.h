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
  /// Starts one more node on the same (PostgreSQL) database, with an id of its own, which serves
  /// the same key.
  Result<ServerProcess> start_another(int node) const;
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
  ServerProcess(std::string binary, std::string data_dir)
      : binary_(std::move(binary)), data_dir_(std::move(data_dir)) {}
  Result<void> serve(int node);

  std::string binary_, data_dir_;
  pid_t pid_ = -1;
  Target target_;
};

/// The standard output of a command; its exit code in `code`.
std::string output_of(const std::string& command, int& code);

}  // namespace florin::bench
