#include "platform/http/listener.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>

#include "base/try.h"
#include "platform/http/errors.h"
#include "platform/http/network.h"
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
/// Connections above the limit that may ask how the server is at one time, or be told that it is
/// full; beyond them we only hang up.
constexpr int seats_for_health = 128;
/// Of so many connections one is closed to make room: seldom enough that looking for them is cheap.
constexpr int closed_share = 64;

bool concerns_one_connection(int error) {
  return error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM;
}

}  // namespace

struct Listener::Impl {
  Impl(const ServerOptions& o, const std::vector<std::unique_ptr<IoThread>>& t, OpenConnections& c)
      : options(o), threads(t), open_connections(c), acceptor(t[0]->io()), pause(t[0]->io()) {
    for (const std::string& text : o.trusted_addresses) {
      if (const auto network = Network::parse(text)) trusted.push_back(*network);
    }
  }

  Error cannot_listen(const error_code& why) const {
    const bool is_ipv6 = options.host.find(':') != std::string::npos;
    const std::string host = is_ipv6 ? "[" + options.host + "]" : options.host;
    return {errors::cannot_listen,
            "cannot listen on " + host + ":" + std::to_string(options.port) + ": " + why.message()};
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

  /// False when the system has no room for more: accepting continues after a pause.
  bool accept_some() {
    for (int i = 0; i < accepts_at_once; ++i) {
      tcp::endpoint remote;
      socklen_t length = static_cast<socklen_t>(remote.capacity());
      const int socket =
          ::accept4(acceptor.native_handle(), remote.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket >= 0) {
        failing = false;
        deal(UniqueFd(socket), remote.address());
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

  void deal(UniqueFd socket, const asio::ip::address& address) {
    IoThread::Visitor visitor{address.to_string()};
    visitor.is_trusted = is_trusted(visitor.remote);
    if (!has_seat_for(visitor)) visitor.welcome = IoThread::Welcome::health_only;
    if (open_connections.count() >= options.max_connections + seats_for_health) return;
    open_connections.opened(visitor.remote);
    threads[next]->adopt(socket.release(), std::move(visitor));
    next = (next + 1) % threads.size();
  }

  /// Makes room first where it is scarce.
  bool has_seat_for(const IoThread::Visitor& visitor) {
    const int spare = options.max_connections / closed_share;
    if (open_connections.count() + spare >= options.max_connections) close_idle("", spare + 1);
    const int most = options.max_connections_per_address;
    const bool is_limited = !visitor.is_trusted;
    if (is_limited && open_connections.count_of(visitor.remote) >= most)
      close_idle(visitor.remote, most / closed_share + 1);
    return open_connections.count() < options.max_connections &&
           !(is_limited && open_connections.count_of(visitor.remote) >= most);
  }

  void close_idle(const std::string& remote, int count) {
    for (const auto& thread : threads)
      thread->close_idle(remote, static_cast<std::size_t>(count) / threads.size() + 1);
  }

  bool is_trusted(const std::string& address) const {
    return std::any_of(trusted.begin(), trusted.end(),
                       [&](const Network& network) { return network.contains(address); });
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
  std::vector<Network> trusted;
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
