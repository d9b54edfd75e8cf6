#include "platform/log/log.h"

#include <spdlog/async.h>
#include <spdlog/details/periodic_worker.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include "base/clock.h"

namespace florin::log {
namespace {

/// Gathers lines and hands them to standard error in large writes: a write for every line would
/// cost a system call each.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    pending_.append(line.payload.data(), line.payload.size());
    if (pending_.size() >= 32 * 1024) flush_();
  }

  void flush_() override {
    std::string_view rest = pending_;
    while (!rest.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) break;  // Nobody reads any more: there is no place left to complain.
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    pending_.clear();
  }

 private:
  std::string pending_;
};

constexpr std::size_t queued_lines = 16'384;

/// One writer thread with a bounded queue: when the terminal is slower than the server the oldest
/// lines go, never the requests.
struct Logger {
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(queued_lines, 1);
  std::shared_ptr<spdlog::async_logger> inner =
      std::make_shared<spdlog::async_logger>("florin", std::make_shared<StderrSink>(), pool,
                                             spdlog::async_overflow_policy::overrun_oldest);

  Logger() {
    inner->set_level(spdlog::level::trace);
    inner->flush_on(spdlog::level::warn);
    flusher = std::make_unique<spdlog::details::periodic_worker>([this] { inner->flush(); },
                                                                 std::chrono::seconds(1));
  }
  ~Logger() {
    flusher.reset();
    inner->flush();
    pool.reset();  // Writes what is queued and joins its thread, while the sink still stands.
  }

  std::unique_ptr<spdlog::details::periodic_worker> flusher;
};

Logger& logger() {
  static Logger instance;
  return instance;
}

std::atomic<Level> least_level{Level::info};
std::atomic<Format> line_format{Format::text};

spdlog::level::level_enum to_spdlog(Level level) {
  return level >= Level::warn ? spdlog::level::warn : spdlog::level::info;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    default:
      return "error";
  }
}

/// Control characters, quotes and backslashes escaped as in JSON, so that no value can end its line
/// or field.
void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

bool needs_quotes(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F || c == '"' || c == '\\' || c == '=') return true;
  }
  return text.empty();
}

std::string json_line(Level level, std::string_view message, Fields fields) {
  std::string line = "{\"time\":\"";
  SystemClock().now().append_rfc3339(line);
  line += "\",\"level\":\"";
  line += name_of(level);
  line += "\",\"message\":";
  append_quoted(line, message);
  for (const Field& field : fields) {
    line += ",\"";
    line += field.name;
    line += "\":";
    if (field.quoted) {
      append_quoted(line, field.text);
    } else {
      line += field.text;
    }
  }
  line += "}\n";
  return line;
}

std::string text_line(Level level, std::string_view message, Fields fields) {
  std::string line;
  line.reserve(192);
  SystemClock().now().append_rfc3339(line);
  line += ' ';
  line += name_of(level);
  line += ' ';
  append_escaped(line, message);
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    if (field.quoted && needs_quotes(field.text)) {
      append_quoted(line, field.text);
    } else {
      line += field.text;
    }
  }
  line += '\n';
  return line;
}

}  // namespace

void configure(Level level, Format format) {
  least_level = level;
  line_format = format;
}

bool enabled(Level level) { return level >= least_level.load(std::memory_order_relaxed); }

void flush() { logger().inner->flush(); }

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level) || level == Level::off) return;
  const std::string line = line_format.load(std::memory_order_relaxed) == Format::json
                               ? json_line(level, message, fields)
                               : text_line(level, message, fields);
  logger().inner->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace florin::log
