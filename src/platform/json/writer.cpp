#include "platform/json/writer.h"

#include <array>
#include <charconv>
#include <limits>

#include "platform/json/value.h"

namespace florin::json {
namespace {

/// For every byte: 0 when it stands for itself in a JSON string, the letter after the backslash
/// when it has a short escape, 'u' when it needs \u00XX.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> escapes{};
  for (std::size_t c = 0; c < 0x20; ++c) escapes[c] = 'u';
  escapes['\b'] = 'b';
  escapes['\t'] = 't';
  escapes['\n'] = 'n';
  escapes['\f'] = 'f';
  escapes['\r'] = 'r';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}
constexpr std::array<char, 256> escapes = make_escapes();

void append_integer(std::string& out, std::int64_t number) {
  std::array<char, std::numeric_limits<std::int64_t>::digits10 + 2> digits;  // Sign and 19 digits.
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_value(std::string& out, const Value& value);

void append_array(std::string& out, const Array& items) {
  out += '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    append_value(out, items[i]);
  }
  out += ']';
}

void append_object(std::string& out, const Object& members) {
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    append_string(out, members[i].first);
    out += ':';
    append_value(out, members[i].second);
  }
  out += '}';
}

void append_value(std::string& out, const Value& value) {
  if (const auto* text = value.as_string()) return append_string(out, *text);
  if (const auto* number = value.as_integer()) return append_integer(out, *number);
  if (const auto* members = value.as_object()) return append_object(out, *members);
  if (const auto* items = value.as_array()) return append_array(out, *items);
  if (const auto* flag = value.as_bool()) {
    out += *flag ? "true" : "false";
  } else if (const auto* decimal = value.as_decimal()) {
    out += decimal->text;
  } else {
    out += "null";
  }
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  std::size_t run = 0;  // Where the characters begin that are still to be copied as they are.
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const char escape = escapes[byte];
    if (escape == 0) continue;
    out.append(text, run, i - run);
    run = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      out += "00";
      out += hex[byte >> 4];
      out += hex[byte & 0xF];
    }
  }
  out.append(text, run, text.size() - run);
  out += '"';
}

std::string serialize(const Value& value) {
  std::string out;
  append_value(out, value);
  return out;
}

void Writer::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

Writer& Writer::begin_object() {
  separate();
  out_ += '{';
  first_ = true;
  return *this;
}

Writer& Writer::end_object() {
  out_ += '}';
  first_ = false;
  return *this;
}

Writer& Writer::begin_array() {
  separate();
  out_ += '[';
  first_ = true;
  return *this;
}

Writer& Writer::end_array() {
  out_ += ']';
  first_ = false;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  separate();
  out_ += '"';
  out_ += name;
  out_ += "\":";
  first_ = true;  // No comma between a key and its value.
  return *this;
}

Writer& Writer::value(std::string_view text) {
  separate();
  append_string(out_, text);
  return *this;
}

Writer& Writer::value(std::int64_t number) {
  separate();
  append_integer(out_, number);
  return *this;
}

Writer& Writer::value(bool flag) {
  separate();
  out_ += flag ? "true" : "false";
  return *this;
}

Writer& Writer::null() {
  separate();
  out_ += "null";
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

}  // namespace florin::json
