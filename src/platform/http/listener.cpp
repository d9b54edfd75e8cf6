#include "platform/http/listener.h"

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>

#include "base/try.h"
#include "platform/http/errors.h"
#include "platform/http/unique_fd.h"
#include "platform/log/log.h"

namespace florin::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// Between two attempts when the system has no file descriptor or memory for another connection.
constexpr std::chrono::milliseconds pause_after_failure{100};
/// So many at a time, so that a flood of connections does not starve those there are.
constexpr int accepts_at_once = 64;
/// Connections above the limit that may be told so at one time; beyond them we only hang up.
constexpr int refusals_at_once = 128;

bool concerns_one_connection(int error) {
  return error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM;
}

}  // namespace

struct Listener::Impl {
  Impl(const ServerOptions& o, const std::vector<std::unique_ptr<IoThread>>& t, OpenConnections& c)
      : options(o), threads(t), open_connections(c), acceptor(t[0]->io()), pause(t[0]->io()) {}

  Error cannot_listen(const error_code& why) const {
    return {errors::cannot_listen, "cannot listen on " + options.host + ":" +
                                       std::to_string(options.port) + ": " + why.message()};
  }

  Result<tcp::endpoint> endpoint() {
    error_code failed;
    const auto port = static_cast<asio::ip::port_type>(options.port);
    const auto literal = asio::ip::make_address(options.host, failed);
    if (!failed) return tcp::endpoint(literal, port);
    tcp::resolver resolver(threads[0]->io());
    const auto found = resolver.resolve(options.host, "", failed);
    if (failed) return cannot_listen(failed);
    return tcp::endpoint(found.begin()->endpoint().address(), port);
  }

  Result<void> bind() {
    const tcp::endpoint at = TRY(endpoint());
    error_code failed;
    acceptor.open(at.protocol(), failed);
    if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed) acceptor.bind(at, failed);
    if (!failed) acceptor.listen(tcp::acceptor::max_listen_connections, failed);
    if (!failed) acceptor.non_blocking(true, failed);
    if (!failed) return {};
    close();
    return cannot_listen(failed);
  }

  void wait() {
    acceptor.async_wait(tcp::acceptor::wait_read, [this](const error_code& failed) {
      if (failed) return;
      accept_waiting();
    });
  }

  void accept_waiting() {
    try {
      if (accept_some()) wait();
    } catch (const std::bad_alloc&) {
      back_off();
    }
  }

  /// False when the system has no room for more: it goes on after a pause.
  bool accept_some() {
    for (int i = 0; i < accepts_at_once; ++i) {
      tcp::endpoint remote;
      socklen_t length = static_cast<socklen_t>(remote.capacity());
      const int socket =
          ::accept4(acceptor.native_handle(), remote.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket >= 0) {
        failing = false;
        deal(UniqueFd(socket), remote.address().to_string());
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        break;
      } else if (!concerns_one_connection(errno)) {
        back_off();
        return false;
      }
    }
    return true;
  }

  /// Whoever has connected and waits would be reset, maybe with a request sent.
  void finish() {
    if (acceptor.is_open()) accept_some();
    close();
  }

  void deal(UniqueFd socket, std::string remote) {
    const int open = open_connections.count();
    if (open >= options.max_connections + refusals_at_once) return;
    const bool full = open >= options.max_connections;
    open_connections.opened();
    threads[next]->adopt(socket.release(), std::move(remote),
                         full ? IoThread::Welcome::turn_away : IoThread::Welcome::serve);
    next = (next + 1) % threads.size();
  }

  void back_off() {
    if (!failing) log::warn("cannot accept connections", {{"error", std::strerror(errno)}});
    failing = true;
    pause.expires_after(pause_after_failure);
    pause.async_wait([this](const error_code& failed) {
      if (!failed && acceptor.is_open()) accept_waiting();
    });
  }

  void close() {
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
  }

  const ServerOptions& options;
  const std::vector<std::unique_ptr<IoThread>>& threads;
  OpenConnections& open_connections;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::size_t next = 0;
  bool failing = false;
};

Listener::Listener(const ServerOptions& options,
                   const std::vector<std::unique_ptr<IoThread>>& threads,
                   OpenConnections& open_connections)
    : impl_(new Impl(options, threads, open_connections)) {}
Listener::~Listener() = default;

Result<void> Listener::bind() { return impl_->bind(); }

int Listener::port() const {
  error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

void Listener::start() { impl_->wait(); }

void Listener::close() {
  asio::post(impl_->threads[0]->io(), [impl = impl_.get()] { impl->finish(); });
}

}  // namespace florin::http
