#pragma once
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace florin::log {

/// Gathers lines and writes them to a file descriptor from a thread of its own, in large pieces:
/// whoever logs waits neither for a slow reader nor for a system call. What waits is bounded; lines
/// that come beyond that are left out, and a line says how many. Safe for concurrent use.
class LineWriter {
 public:
  enum class When : std::uint8_t {
    soon,  ///< Within a second, or when enough has gathered.
    now
  };

  /// The line that reports how many lines were dropped.
  using TellLeftOut = std::function<std::string(std::uint64_t count)>;

  LineWriter(int descriptor, TellLeftOut tell_left_out);
  /// Writes what waits.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// `line` ends with a line break.
  void add(std::string_view line, When when);
  /// Waits until what was added before is written.
  void flush();

 private:
  void run();
  bool is_worth_writing() const;

  const int descriptor_;
  const TellLeftOut tell_left_out_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable wake_, written_;
  std::uint64_t pieces_taken_ = 0, pieces_written_ = 0;
  std::string waiting_;
  std::uint64_t left_out_ = 0;
  bool is_urgent_ = false;
  bool is_stopping_ = false;

  std::thread thread_;
};

}  // namespace florin::log
