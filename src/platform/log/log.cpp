#include "platform/log/log.h"

#include <unistd.h>

#include <atomic>

#include "base/clock.h"
#include "platform/log/line_writer.h"

namespace florin::log {
namespace {

std::atomic<Level> least_level{Level::info};
std::atomic<Format> line_format{Format::text};

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

std::string line_of(Level level, std::string_view message, Fields fields) {
  return line_format.load(std::memory_order_relaxed) == Format::json
             ? json_line(level, message, fields)
             : text_line(level, message, fields);
}

std::string left_out_line(std::uint64_t count) {
  return line_of(Level::warn, "lines of the log were left out: its reader is too slow",
                 {{"count", static_cast<std::int64_t>(count)}});
}

LineWriter& writer() {
  static LineWriter instance(STDERR_FILENO, left_out_line);
  return instance;
}

}  // namespace

void configure(Level level, Format format) {
  least_level = level;
  line_format = format;
}

bool enabled(Level level) { return level >= least_level.load(std::memory_order_relaxed); }

void flush() { writer().flush(); }

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level) || level == Level::off) return;
  writer().add(line_of(level, message, fields),
               level >= Level::warn ? LineWriter::When::now : LineWriter::When::soon);
}

}  // namespace florin::log
