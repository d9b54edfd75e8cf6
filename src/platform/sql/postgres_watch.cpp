#include "platform/sql/postgres_watch.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/log/log.h"

namespace florin::sql {
namespace {

constexpr std::chrono::milliseconds between_looks{500};

std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

PostgresWatch::PostgresWatch() : thread_([this] { run(); }) {}

PostgresWatch::~PostgresWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  stopping_.notify_one();
  thread_.join();
}

PostgresWatch::Line::Line(PostgresWatch& watch, int socket, std::chrono::milliseconds patience)
    : watch_(watch), socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)), patience_(patience) {
  const std::lock_guard lock(watch_.mutex_);
  watch_.lines_.insert(this);
}

PostgresWatch::Line::~Line() {
  {
    const std::lock_guard lock(watch_.mutex_);
    watch_.lines_.erase(this);
  }
  ::close(socket_);
}

/// Gives until when it waited already; 0: it did not.
std::int64_t PostgresWatch::Line::begin_to_wait() {
  return waits_until_ns_.exchange(
      steady_ns() + std::chrono::duration_cast<std::chrono::nanoseconds>(patience_).count());
}

void PostgresWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_.wait_for(lock, between_looks, [this] { return is_stopping_; }))
    end_silent_lines();
}

void PostgresWatch::end_silent_lines() {
  const std::int64_t now = steady_ns();
  for (Line* line : lines_) {
    const std::int64_t until = line->waits_until_ns_;
    if (until == 0 || now < until) continue;
    log::warn("the database server does not answer: its connection is closed",
              {{"waited_ms", static_cast<std::int64_t>(line->patience_.count())}});
    // Whoever waits in libpq gets the error of a lost server.
    ::shutdown(line->socket_, SHUT_RDWR);
    line->waits_until_ns_ = 0;
  }
}

}  // namespace florin::sql
