#include "bench/sink.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "base/clock.h"
#include "bench/failure.h"

namespace florin::bench {
namespace {

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// The text behind `name` up to `end`; empty when it is not there.
std::string_view after(std::string_view text, std::string_view name, char end) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + name.size());
  return text.substr(0, text.find(end));
}

}  // namespace

struct Sink::Connection {
  int fd = -1;
  std::string in;
};

Result<std::unique_ptr<Sink>> Sink::start() {
  std::unique_ptr<Sink> sink(new Sink);
  sink->listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(sink->listener_, generic, length) != 0 || ::listen(sink->listener_, 1'024) != 0 ||
      ::getsockname(sink->listener_, generic, &length) != 0)
    return failure("the sink cannot listen");
  sink->port_ = ntohs(address.sin_port);
  sink->epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = sink->listener_;
  ::epoll_ctl(sink->epoll_, EPOLL_CTL_ADD, sink->listener_, &event);
  sink->thread_ = std::thread([raw = sink.get()] { raw->run(); });
  return sink;
}

Sink::~Sink() {
  is_stopping_ = true;
  if (thread_.joinable()) thread_.join();
  if (listener_ >= 0) ::close(listener_);
  if (epoll_ >= 0) ::close(epoll_);
}

std::string Sink::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

Sink::Seen Sink::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void Sink::reset() {
  const std::lock_guard lock(mutex_);
  seen_ = {};
  ids_.clear();
}

void Sink::run() {
  constexpr int look_for_stop_ms = 100;
  std::map<int, Connection> connections;
  std::array<epoll_event, 64> events{};
  while (!is_stopping_) {
    const int count =
        ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), look_for_stop_ms);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener_) {
        accept_all();
        continue;
      }
      Connection& connection = connections[fd];
      connection.fd = fd;
      if (serve(connection)) continue;
      ::close(fd);
      connections.erase(fd);
    }
  }
  for (const auto& [fd, connection] : connections) ::close(fd);
}

void Sink::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
}

/// False when the connection has ended.
bool Sink::serve(Connection& connection) {
  std::array<char, 64 * 1024> buffer;
  const ssize_t got = ::read(connection.fd, buffer.data(), buffer.size());
  if (got <= 0) return got < 0 && errno == EAGAIN;
  connection.in.append(buffer.data(), static_cast<std::size_t>(got));
  while (answer_next(connection)) {
  }
  return true;
}

bool Sink::answer_next(Connection& connection) {
  const std::size_t end = connection.in.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string_view head = std::string_view(connection.in).substr(0, end);
  const std::string_view length_text = after(head, "Content-Length: ", '\r');
  std::size_t length = 0;
  std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
  const std::size_t size = end + 4 + length;
  if (connection.in.size() < size) return false;
  const bool hangs = head.starts_with("POST /hang");
  if (!hangs) {
    note(head, std::string_view(connection.in).substr(end + 4, length));
    // A loopback socket takes these few bytes at once.
    if (::write(connection.fd, answer.data(), answer.size()) < 0) return false;
  }
  connection.in.erase(0, size);
  return !hangs;
}

void Sink::note(std::string_view head, std::string_view body) {
  std::string id(after(head, "POST ", ' '));
  id += after(head, "webhook-id: ", '\r');
  const auto created = Timestamp::parse(after(body, "\"created_at\":\"", '"'));
  const std::lock_guard lock(mutex_);
  if (!ids_.insert(std::move(id)).second) {
    ++seen_.repeated;
    return;
  }
  ++seen_.distinct;
  if (created) seen_.lag.record((SystemClock().now().us - created->us) * 1'000);
}

}  // namespace florin::bench
