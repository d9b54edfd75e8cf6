#include "platform/sql/array.h"

#include <charconv>

namespace florin::sql {

void Array::begin_element() {
  if (text_.back() == '}') text_.pop_back();
  if (text_.size() > 1) text_ += ',';
}

void Array::add(std::int64_t value) {
  begin_element();
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  text_.append(digits, end);
}

void Array::add(const std::optional<std::int64_t>& value) { value ? add(*value) : add_null(); }

void Array::add(std::string_view text) {
  begin_element();
  text_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

void Array::add(const std::optional<std::string>& text) {
  text ? add(std::string_view(*text)) : add_null();
}

void Array::add_blob(std::string_view bytes) {
  begin_element();
  text_ += "\"\\\\x";
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : bytes) {
    text_ += digits[static_cast<unsigned char>(c) >> 4];
    text_ += digits[static_cast<unsigned char>(c) & 0xF];
  }
  text_ += '"';
}

void Array::add_null() {
  begin_element();
  text_ += "NULL";
}

Param Array::param() {
  if (text_.back() != '}') text_ += '}';
  return Param(std::string_view(text_));
}

}  // namespace florin::sql
