#include "platform/http/tls_transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <string>
#include <utility>

namespace florin::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view wants_https =
    R"({"type":"about:blank","title":"Bad Request","status":400,"code":"tls_required",)"
    R"("detail":"this port takes HTTPS only; the address begins with https://"})";

std::string answer_to_plain_http() {
  return "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n"
         "Connection: close\r\nContent-Length: " +
         std::to_string(wants_https.size()) + "\r\n\r\n" + std::string(wants_https);
}

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

/// OpenSSL reads and writes the socket itself; asio only says when it may. Whoever waits holds the
/// user, and the user holds this.
class TlsTransport final : public Transport {
 public:
  TlsTransport(asio::io_context& io, int socket, const TlsContext& context)
      : socket_(io), ssl_(SSL_new(context.native())) {
    error_code failed;
    socket_.assign(tcp::v4(), socket, failed);
    socket_.non_blocking(true, failed);
    socket_.set_option(tcp::no_delay(true), failed);
    if (!ssl_ || SSL_set_fd(ssl_.get(), socket) != 1) return;
    SSL_set_accept_state(ssl_.get());
    is_usable_ = !failed;
  }

  bool open(std::shared_ptr<User> user) override {
    asio::post(socket_.get_executor(), [this, user = std::move(user)] { shake_hands(user); });
    return false;
  }

  void read(char* buffer, std::size_t size, std::shared_ptr<User> user) override {
    const Reading reading{buffer, size, std::move(user)};
    if (SSL_has_pending(ssl_.get()) == 1) {
      asio::post(socket_.get_executor(), [this, reading] { read_on(reading); });
    } else {
      wait_and_read(reading, SSL_ERROR_WANT_READ);
    }
  }

  Written write_some(std::string_view bytes) override {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      std::size_t count = 0;
      ERR_clear_error();
      if (SSL_write_ex(ssl_.get(), bytes.data() + sent, bytes.size() - sent, &count) != 1) {
        const int why = why_not(0);
        return {is_waiting(why) ? Status::would_block : Status::failed, sent};
      }
      sent += count;
    }
    return {Status::done, sent};
  }

  void write(std::string_view bytes, std::shared_ptr<User> user) override {
    wait(SSL_ERROR_WANT_WRITE, [this, bytes, user = std::move(user)](bool failed) mutable {
      if (failed) return user->on_written(Status::failed);
      const auto [status, count] = write_some(bytes);
      if (status != Status::would_block) return user->on_written(status);
      write(bytes.substr(count), std::move(user));
    });
  }

  bool has_unread() override {
    error_code failed;
    return SSL_has_pending(ssl_.get()) == 1 || socket_.available(failed) > 0;
  }

  bool end_output() override {
    if (!is_usable_) return false;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    error_code failed;
    socket_.shutdown(tcp::socket::shutdown_send, failed);
    return !failed;
  }

  void close() override {
    // The peer is told with close_notify where the socket takes it; nobody waits for its own.
    if (is_usable_ && SSL_is_init_finished(ssl_.get())) {
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
    }
    is_usable_ = false;
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  struct Reading {
    char* buffer;
    std::size_t size;
    std::shared_ptr<User> user;
  };

  static bool is_waiting(int why) {
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
  }

  int why_not(int result) {
    const int why = SSL_get_error(ssl_.get(), result);
    // After these OpenSSL forbids every further call, SSL_shutdown among them.
    if (why == SSL_ERROR_SSL || why == SSL_ERROR_SYSCALL) is_usable_ = false;
    return why;
  }

  /// `then(failed)` when the socket may be read or written.
  template <class Then>
  void wait(int why, Then then) {
    const auto kind = why == SSL_ERROR_WANT_READ ? tcp::socket::wait_read : tcp::socket::wait_write;
    socket_.async_wait(kind, [then = std::move(then)](const error_code& failed) mutable {
      then(failed.failed());
    });
  }

  void shake_hands(const std::shared_ptr<User>& user) {
    if (!is_usable_) return user->on_open(Status::failed);
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return user->on_open(Status::done);
    const int why = why_not(result);
    if (!is_waiting(why)) {
      answer_plain_http();
      return user->on_open(Status::failed);
    }
    wait(why, [this, user](bool failed) {
      if (failed) return user->on_open(Status::failed);
      shake_hands(user);
    });
  }

  void answer_plain_http() {
    if (ERR_GET_REASON(ERR_peek_last_error()) != SSL_R_HTTP_REQUEST) return;
    error_code ignored;
    socket_.write_some(asio::buffer(answer_to_plain_http()), ignored);
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }

  void wait_and_read(const Reading& reading, int why) {
    wait(why, [this, reading](bool failed) {
      if (failed) return reading.user->on_read(Status::failed, 0);
      read_on(reading);
    });
  }

  void read_on(const Reading& reading) {
    if (!is_usable_) return reading.user->on_read(Status::failed, 0);
    std::size_t count = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), reading.buffer, reading.size, &count);
    if (result == 1) return reading.user->on_read(Status::done, count);
    const int why = why_not(result);
    if (is_waiting(why)) return wait_and_read(reading, why);
    reading.user->on_read(why == SSL_ERROR_ZERO_RETURN ? Status::ended : Status::failed, 0);
  }

  tcp::socket socket_;
  const std::unique_ptr<SSL, FreeSsl> ssl_;
  bool is_usable_ = false;
};

}  // namespace

std::unique_ptr<Transport> tls_transport(asio::io_context& io, int socket,
                                         const std::shared_ptr<const TlsContext>& context) {
  return std::make_unique<TlsTransport>(io, socket, *context);
}

}  // namespace florin::http
