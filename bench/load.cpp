#include "bench/load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "bench/failure.h"

namespace florin::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

std::int64_t ns_between(Time from, Time to) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count();
}

Time after(Time from, double seconds) {
  return from + std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

/// One keep-alive connection with at most one request under way.
struct Connection {
  int fd = -1;
  bool busy = false;
  Time since;  // When the request was sent, or due in an open loop.
  std::string in;
  ~Connection() {
    if (fd >= 0) ::close(fd);
  }
};

struct Answer {
  int status = 0;
  std::string_view body;
  std::size_t size = 0;  // Of the whole answer in the buffer; 0: not yet complete.
};

/// Reads "HTTP/1.1 201 …" with a Content-Length. Nothing when it is something else.
std::optional<Answer> parse_answer(const std::string& in) {
  constexpr std::string_view length_header = "Content-Length: ";
  const std::size_t head = in.find("\r\n\r\n");
  if (head == std::string::npos) return Answer{};
  const std::string_view text(in.data(), head);
  Answer answer;
  if (!text.starts_with("HTTP/1.1 ") || text.size() < 12) return std::nullopt;
  std::from_chars(text.data() + 9, text.data() + 12, answer.status);
  const std::size_t at = text.find(length_header);
  if (at == std::string_view::npos) return std::nullopt;
  std::size_t length = 0;
  std::from_chars(text.data() + at + length_header.size(), text.data() + text.size(), length);
  const std::size_t size = head + 4 + length;
  if (in.size() < size) return Answer{};
  answer.body = std::string_view(in).substr(head + 4, length);
  answer.size = size;
  return answer;
}

Result<int> connect_to(const std::string& host, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    if (fd >= 0) ::close(fd);
    return failure(fmt::format("cannot connect to {}:{}", host, port));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

class Load {
 public:
  Load(const Target& target, const LoadPlan& plan, const MakeRequest& make, const SeeAnswer& see)
      : target_(target), plan_(plan), make_(make), see_(see) {}
  ~Load() {
    if (epoll_ >= 0) ::close(epoll_);
  }

  Result<LoadResult> run() {
    TRY(open());
    start_ = Clock::now();
    measured_from_ = after(start_, plan_.warmup_seconds);
    end_ = after(measured_from_, plan_.seconds);
    next_due_ = start_;
    if (!is_open_loop()) {
      for (auto& connection : connections_) TRY(send(*connection, Clock::now()));
    }
    while (!finished()) {
      if (is_open_loop()) TRY(send_what_is_due());
      TRY(receive(wait()));
    }
    result_.seconds =
        static_cast<double>(ns_between(measured_from_, std::min(last_answer_, end_))) / 1e9;
    result_.dropped = static_cast<std::int64_t>(due_.size()) + (is_open_loop() ? busy_ : 0);
    return result_;
  }

 private:
  bool is_open_loop() const { return plan_.offered_per_second > 0; }
  bool sending() const {
    return Clock::now() < end_ && (plan_.max_requests == 0 || sent_ < plan_.max_requests);
  }
  /// Answers under way are waited for, two seconds at most.
  bool finished() const {
    if (sending()) return false;
    const bool all_answered = busy_ == 0 && due_.empty();
    return all_answered || Clock::now() > after(std::max(end_, last_answer_), 2);
  }
  /// Until the next request falls due: spinning would take a processor from the server.
  timespec wait() const {
    constexpr std::int64_t longest_ns = 100'000'000;
    std::int64_t ns = longest_ns;
    if (is_open_loop() && next_due_ < end_)
      ns = std::clamp(ns_between(Clock::now(), next_due_), std::int64_t{0}, longest_ns);
    return {0, static_cast<long>(ns)};
  }

  Result<void> open() {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t i = 0; i < static_cast<std::size_t>(plan_.connections); ++i) {
      auto connection = std::make_unique<Connection>();
      connection->fd = TRY(connect_to(target_.host, target_.ports[i % target_.ports.size()]));
      epoll_event event{EPOLLIN, {.ptr = connection.get()}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd, &event);
      idle_.push_back(connection.get());
      connections_.push_back(std::move(connection));
    }
    return {};
  }

  Result<void> send(Connection& connection, Time since) {
    make_(request_);
    connection.busy = true;
    connection.since = since;
    ++busy_;
    ++sent_;
    std::string_view rest = request_;
    while (!rest.empty()) {
      const ssize_t written = ::send(connection.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (written <= 0) return failure("the server closed a connection while a request was sent");
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  /// Requests fall due by the clock, whether a connection is free or not.
  Result<void> send_what_is_due() {
    const auto step =
        std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / plan_.offered_per_second));
    const Time now = Clock::now();
    for (; next_due_ <= now && next_due_ < end_; next_due_ += step) due_.push_back(next_due_);
    while (!due_.empty() && !idle_.empty()) {
      Connection& connection = *idle_.back();
      idle_.pop_back();
      TRY(send(connection, due_.front()));
      due_.pop_front();
    }
    return {};
  }

  Result<void> receive(timespec timeout) {
    std::array<epoll_event, 256> events;
    const int count =
        ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      TRY(receive_on(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr)));
    }
    return {};
  }

  Result<void> receive_on(Connection& connection) {
    std::array<char, 64 * 1024> buffer;
    const ssize_t count = ::recv(connection.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (count <= 0) return failure("the server closed a connection");
    connection.in.append(buffer.data(), static_cast<std::size_t>(count));
    const auto answer = parse_answer(connection.in);
    if (!answer) return failure("the server answered something that is not HTTP/1.1 with a length");
    if (answer->size == 0) return {};
    take(connection, *answer);
    connection.in.erase(0, answer->size);
    if (is_open_loop()) {
      idle_.push_back(&connection);
      return {};
    }
    return sending() ? send(connection, Clock::now()) : Result<void>();
  }

  void take(Connection& connection, const Answer& answer) {
    connection.busy = false;
    --busy_;
    last_answer_ = Clock::now();
    const bool applied = answer.status == 200 || answer.status == 201;
    if (see_) see_(answer.status, answer.body);
    result_.applied_with_warmup += applied ? 1 : 0;
    if (last_answer_ < measured_from_ || last_answer_ > end_) return;
    (applied ? result_.applied : answer.status >= 500 ? result_.failed : result_.refused) += 1;
    result_.latency.record(ns_between(connection.since, last_answer_));
  }

  const Target& target_;
  const LoadPlan& plan_;
  const MakeRequest& make_;
  const SeeAnswer& see_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;  // Of an open loop.
  std::deque<Time> due_;
  std::string request_;
  std::int64_t busy_ = 0, sent_ = 0;
  Time start_, measured_from_, end_, next_due_, last_answer_;
  LoadResult result_;
};

}  // namespace

void append_post(std::string& out, const Target& target, std::string_view path,
                 std::string_view key, std::string_view body) {
  fmt::format_to(std::back_inserter(out),
                 "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: "
                 "application/json\r\n"
                 "Content-Length: {}\r\n",
                 path, target.host, target.api_key, body.size());
  if (!key.empty()) fmt::format_to(std::back_inserter(out), "Idempotency-Key: {}\r\n", key);
  out += "\r\n";
  out += body;
}

void append_get(std::string& out, const Target& target, std::string_view path) {
  fmt::format_to(std::back_inserter(out),
                 "GET {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n", path,
                 target.host, target.api_key);
}

Result<LoadResult> run_load(const Target& target, const LoadPlan& plan, const MakeRequest& make,
                            const SeeAnswer& see) {
  return Load(target, plan, make, see).run();
}

Result<std::string> ask(const Target& target, std::string_view request) {
  LoadPlan once;
  once.connections = 1;
  once.warmup_seconds = 0;
  once.seconds = 60;
  once.max_requests = 1;
  std::string body;
  int status = 0;
  TRY(run_load(
      target, once, [&](std::string& out) { out = request; },
      [&](int got, std::string_view text) {
        status = got;
        body = text;
      }));
  if (status != 200 && status != 201) return failure(fmt::format("answer {}: {}", status, body));
  return body;
}

}  // namespace florin::bench
