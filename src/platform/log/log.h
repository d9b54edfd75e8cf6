#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace florin::log {

enum class Level : std::uint8_t { debug, info, warn, error, off };
enum class Format : std::uint8_t { text, json };

/// A named value of a log line. Never a secret, never personal data.
struct Field {
  std::string_view name;
  std::string text;
  bool quoted = true;  ///< False for numbers and booleans.

  Field(std::string_view n, std::string_view v) : name(n), text(v) {}
  Field(std::string_view n, const char* v) : name(n), text(v) {}
  Field(std::string_view n, const std::string& v) : name(n), text(v) {}
  Field(std::string_view n, std::int64_t v) : name(n), text(std::to_string(v)), quoted(false) {}
  Field(std::string_view n, int v) : name(n), text(std::to_string(v)), quoted(false) {}
  Field(std::string_view n, bool v) : name(n), text(v ? "true" : "false"), quoted(false) {}
};
using Fields = std::initializer_list<Field>;

/// Sets level and format for the process; call it once at start. Before, lines of level info and
/// above go to standard error as text. Lines are written to standard error by one background
/// thread or a buffer, so that a caller never waits for a slow terminal; warn and error are flushed
/// at once, the rest at least once a second and at exit.
void configure(Level level, Format format);
bool enabled(Level level);
/// Waits until what was logged before is written.
void flush();

/// A line with an RFC 3339 time, the level, the message and the fields. Safe for concurrent use.
void write(Level level, std::string_view message, Fields fields);
inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  write(Level::warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::error, message, fields);
}

}  // namespace florin::log
