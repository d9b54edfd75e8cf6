#include "platform/http/io_thread.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>
#include <vector>

#include "platform/http/connection.h"
#include "platform/http/tls_transport.h"
#include "platform/http/unique_fd.h"
#include "platform/log/log.h"

namespace florin::http {
namespace {

namespace asio = boost::asio;

/// Often enough that a time-out is late by a quarter at most, and never more often than every 10
/// ms.
std::chrono::milliseconds sweep_interval(const ServerOptions& options) {
  const int shortest =
      std::min({options.header_timeout_ms, options.body_timeout_ms, options.idle_timeout_ms});
  return std::chrono::milliseconds(std::clamp(shortest / 4, 10, 1'000));
}

}  // namespace

struct IoThread::Impl {
  explicit Impl(Collaborators c)
      : with(c),
        io(1),  // One thread runs it; the hint saves asio some locking.
        sweep_timer(io),
        mailbox(std::make_shared<Mailbox>([this] { asio::post(io, [this] { deliver_all(); }); })),
        services{.io = io,
                 .options = with.options,
                 .clock = with.clock,
                 .dispatcher = with.dispatcher,
                 .body_memory = with.body_memory,
                 .mailbox = mailbox,
                 .traffic = Traffic(with.router, with.metrics, with.options.access_log),
                 .identity = {},
                 .on_closed = [this](Connection& connection) { forget(connection); },
                 .coarse_now = std::chrono::steady_clock::now(),
                 .sweep = sweep_interval(with.options),
                 .date = {}} {}

  void run() {
    sweep();
    schedule_sweep();
    for (;;) {
      try {
        return static_cast<void>(io.run());
      } catch (const std::exception& thrown) {
        // Its connection is closed when its time is over; all the others go on.
        log::error("the HTTP server failed at one event", {{"what", thrown.what()}});
      }
    }
  }

  void welcome(UniqueFd socket, Visitor visitor) {
    if (services.draining) return with.open_connections.closed(visitor.remote);
    const std::string remote = visitor.remote;
    std::shared_ptr<Connection> connection;
    try {
      connection = std::make_shared<Connection>(services, transport(socket.release()),
                                                std::move(visitor.remote));
      connection->slot = connections.size();
      connections.push_back(connection);
    } catch (const std::bad_alloc&) {
      return with.open_connections.closed(remote);
    }
    connection->is_trusted = visitor.is_trusted;
    services.traffic.connection_opened();
    if (visitor.welcome == Welcome::health_only) return connection->start_for_health();
    connection->start();
  }

  void close_idle(const std::string& address, std::size_t count) {
    std::vector<Connection*> idle;
    for (const auto& connection : connections) {
      if (connection->is_idle() && (address.empty() || connection->remote() == address))
        idle.push_back(connection.get());
    }
    const auto end = idle.begin() + static_cast<std::ptrdiff_t>(std::min(count, idle.size()));
    std::partial_sort(idle.begin(), end, idle.end(), [](const Connection* a, const Connection* b) {
      return a->deadline() < b->deadline();
    });
    std::for_each(idle.begin(), end, [](Connection* each) { each->close(); });
  }

  std::unique_ptr<Transport> transport(int socket) {
    if (with.tls == nullptr) return plain_transport(io, socket);
    return tls_transport(io, socket, with.tls->current());
  }

  /// The last takes the place of the one that goes. Its own calls may still be on the stack, so it
  /// is let go of when they are done.
  void forget(Connection& connection) {
    const std::size_t slot = connection.slot;
    asio::post(io, [dying = std::move(connections[slot])] {});
    if (slot + 1 < connections.size()) {
      connections[slot] = std::move(connections.back());
      connections[slot]->slot = slot;
    }
    connections.pop_back();
    services.traffic.connection_closed();
    with.open_connections.closed(connection.remote());
  }

  void deliver_all() {
    mailbox->take_all(letters);
    for (const Mailbox::Letter& letter : letters) {
      try {
        deliver(letter);
      } catch (const std::bad_alloc&) {
        if (letter.exchange->connection != nullptr) letter.exchange->connection->close();
      }
    }
    letters.clear();
  }

  void deliver(const Mailbox::Letter& letter) {
    Exchange& exchange = *letter.exchange;
    services.traffic.request_ended();
    if (!letter.render) {
      if (exchange.connection != nullptr) exchange.connection->proceed();
      return;
    }
    const Response response = with.dispatcher.rendered(exchange, letter.render);
    if (exchange.connection != nullptr) return exchange.connection->answer(response);
    services.traffic.answered(exchange, response);
  }

  void schedule_sweep() {
    sweep_timer.expires_after(services.sweep);
    sweep_timer.async_wait([this](const boost::system::error_code& failed) {
      if (failed || stopping) return;
      schedule_sweep();
      sweep();
    });
  }

  void sweep() {
    services.coarse_now = std::chrono::steady_clock::now();
    each([this](Connection& connection) {
      try {
        connection.check_deadline(services.coarse_now);
      } catch (const std::bad_alloc&) {
        connection.close();
      }
    });
    services.traffic.note(*with.body_memory, services.coarse_now);
    note_states();
    deliver_all();  // Where memory ran out while somebody wanted to wake us.
  }

  void note_states() {
    CountsByState counts{};
    for (const auto& connection : connections)
      ++counts[static_cast<std::size_t>(connection->state())];
    services.traffic.note(counts);
  }

  /// From the back, because a connection that closes has its place taken by the last.
  template <class Work>
  void each(const Work& work) {
    for (std::size_t i = connections.size(); i-- > 0;) work(*connections[i]);
  }

  void drain() {
    services.draining = true;
    each([](Connection& connection) { connection.drain(); });
  }

  void close_all() {
    services.draining = true;
    stopping = true;
    each([](Connection& connection) { connection.close(); });
    note_states();
    sweep_timer.cancel();  // Nothing is left to wait for: run() returns.
  }

  const Collaborators with;
  asio::io_context io;
  asio::steady_timer sweep_timer;
  std::shared_ptr<Mailbox> mailbox;
  ConnectionServices services;
  std::vector<std::shared_ptr<Connection>> connections;
  std::vector<Mailbox::Letter> letters;
  bool stopping = false;
  std::thread thread;
};

IoThread::IoThread(Collaborators collaborators) : impl_(new Impl(collaborators)) {}
IoThread::~IoThread() { stop(); }

void IoThread::start() {
  impl_->thread = std::thread([this] { impl_->run(); });
  pthread_setname_np(impl_->thread.native_handle(), "http-io");
}

void IoThread::adopt(int socket, Visitor visitor) {
  asio::post(impl_->io,
             [impl = impl_.get(), fd = UniqueFd(socket), who = std::move(visitor)]() mutable {
               impl->welcome(std::move(fd), std::move(who));
             });
}

void IoThread::close_idle(const std::string& address, std::size_t count) {
  asio::dispatch(impl_->io,
                 [impl = impl_.get(), address, count] { impl->close_idle(address, count); });
}

void IoThread::leave() {
  asio::post(impl_->io, [impl = impl_.get()] { impl->services.leaving = true; });
}

void IoThread::drain() {
  asio::post(impl_->io, [impl = impl_.get()] { impl->drain(); });
}

void IoThread::stop() {
  if (!impl_->thread.joinable()) return;
  asio::post(impl_->io, [impl = impl_.get()] { impl->close_all(); });
  impl_->thread.join();
  impl_->mailbox->close();
}

boost::asio::io_context& IoThread::io() { return impl_->io; }

}  // namespace florin::http
