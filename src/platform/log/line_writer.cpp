#include "platform/log/line_writer.h"

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace florin::log {
namespace {

constexpr std::size_t worth_writing = 32 * 1'024;
constexpr std::size_t max_waiting_bytes = 4 * 1'024 * 1'024;
constexpr auto max_wait = std::chrono::seconds(1);

void write_all(int descriptor, std::string_view rest) {
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // Nobody reads any more: there is no place left to complain.
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

LineWriter::LineWriter(int descriptor, TellLeftOut tell_left_out)
    : descriptor_(descriptor),
      tell_left_out_(std::move(tell_left_out)),
      thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "log");
}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool LineWriter::is_worth_writing() const {
  return is_urgent_ || is_stopping_ || waiting_.size() >= worth_writing;
}

void LineWriter::add(std::string_view line, When when) {
  std::unique_lock lock(mutex_);
  if (waiting_.size() + line.size() > max_waiting_bytes) {
    ++left_out_;
    return;
  }
  const bool was_worth_writing = is_worth_writing();
  waiting_ += line;
  is_urgent_ = is_urgent_ || when == When::now;
  // One wake-up for a piece, not one for each line.
  const bool must_wake = !was_worth_writing && is_worth_writing();
  lock.unlock();
  if (must_wake) wake_.notify_one();
}

void LineWriter::flush() {
  std::unique_lock lock(mutex_);
  is_urgent_ = true;
  const std::uint64_t next_piece = pieces_taken_ + 1;  // It has all that waits now.
  wake_.notify_one();
  written_.wait(lock, [&] { return pieces_written_ >= next_piece; });
}

void LineWriter::run() {
  std::string piece;
  bool is_last = false;
  while (!is_last) {
    std::uint64_t left_out = 0;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, max_wait, [this] { return is_worth_writing(); });
      piece.clear();
      piece.swap(waiting_);
      left_out = std::exchange(left_out_, 0);
      is_urgent_ = false;
      is_last = is_stopping_;
      ++pieces_taken_;
    }
    if (left_out > 0) piece += tell_left_out_(left_out);
    write_all(descriptor_, piece);
    const std::lock_guard lock(mutex_);
    pieces_written_ = pieces_taken_;
    written_.notify_all();
  }
}

}  // namespace florin::log
