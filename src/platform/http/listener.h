#pragma once
#include <memory>
#include <vector>

#include "platform/http/io_thread.h"

namespace florin::http {

/// Accepts connections on the first I/O thread and deals them out to all in turn: with few clients
/// that is more even than SO_REUSEPORT, whose hash knows nothing of the load.
class Listener {
 public:
  Listener(const ServerOptions& options, const std::vector<std::unique_ptr<IoThread>>& threads,
           OpenConnections& open_connections);
  ~Listener();  ///< After the threads have stopped.

  /// Errors: cannot_listen.
  Result<void> bind();
  int port() const;
  void start();
  /// Takes those that wait, and no more from here on. From any thread.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::http
