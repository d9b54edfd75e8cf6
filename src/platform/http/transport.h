#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace florin::http {

/// The byte stream of one connection: plain TCP, or TLS (tls_transport.h). Used on one I/O thread.
class Transport {
 public:
  enum class Status {
    done,         ///< As asked.
    would_block,  ///< Nothing could be moved now.
    ended,        ///< The peer sends no more.
    failed        ///< The connection is of no use any more.
  };
  /// Hears how an asynchronous call ended. Kept alive until then, and never called from inside the
  /// call.
  class User {
   public:
    virtual ~User() = default;
    /// The connection may carry requests: at once on plain TCP, after the handshake on TLS.
    virtual void on_open(Status status) = 0;
    virtual void on_read(Status status, std::size_t count) = 0;
    virtual void on_written(Status status) = 0;
  };
  struct Written {
    Status status = Status::done;
    std::size_t count = 0;
  };

  virtual ~Transport() = default;

  /// True: it is open already. False: on_open() follows.
  virtual bool open(std::shared_ptr<User> user) = 0;
  /// One read into the buffer, which must stay until on_read(). One read at a time.
  virtual void read(char* buffer, std::size_t size, std::shared_ptr<User> user) = 0;
  /// Writes what fits at once.
  virtual Written write_some(std::string_view bytes) = 0;
  /// Writes all of it; the bytes must stay until on_written().
  virtual void write(std::string_view bytes, std::shared_ptr<User> user) = 0;
  /// Whether bytes from the peer wait to be read.
  virtual bool has_unread() = 0;
  /// Tells the peer that nothing more comes; reading continues. False: the connection is of no use.
  virtual bool end_output() = 0;
  virtual void close() = 0;
};

/// Takes over an accepted, non-blocking socket.
std::unique_ptr<Transport> plain_transport(boost::asio::io_context& io, int socket);

}  // namespace florin::http
