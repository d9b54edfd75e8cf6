#pragma once
#include <memory>
#include <string>

#include "platform/http/dispatcher.h"
#include "platform/http/open_connections.h"

namespace boost::asio {
class io_context;
}

namespace florin::http {

/// One thread with its event loop and the connections that live on it.
class IoThread {
 public:
  struct Collaborators {
    const ServerOptions& options;
    const Clock& clock;
    const Router& router;
    const Dispatcher& dispatcher;
    metrics::Registry& metrics;
    OpenConnections& open_connections;
    std::shared_ptr<BodyMemory> body_memory;
    const TlsSource* tls;  ///< Null: plain TCP.
  };
  enum class Welcome { serve, health_only };
  struct Visitor {
    std::string remote;
    bool is_trusted = false;
    Welcome welcome = Welcome::serve;
  };

  explicit IoThread(Collaborators collaborators);
  ~IoThread();  ///< As stop().

  void start();
  /// Takes over an accepted socket that has been counted as open. From any thread.
  void adopt(int socket, Visitor visitor);
  /// Closes so many of the connections that have been idle the longest, of one address or ("") of
  /// all. From any thread; at once on its own.
  void close_idle(const std::string& address, std::size_t count);
  /// From here on each connection closes after its next answer, which tells so. From any thread.
  void leave();
  /// Idle connections close at once, the others after their answer. From any thread.
  void drain();
  /// Closes every connection and ends the thread.
  void stop();

  boost::asio::io_context& io();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::http
