#include "platform/sql/array.h"

#include <limits>

namespace florin::sql {
namespace {

constexpr std::uint32_t null_length = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t count_at = 12;

template <class T>
void put(std::string& out, T number) {
  for (int shift = 8 * (sizeof number - 1); shift >= 0; shift -= 8)
    out += static_cast<char>(number >> shift & 0xFF);
}

}  // namespace

/// One dimension, "may hold NULL", the type, the count (filled in at the end), counted from 1.
Array::Array(ElementType type) {
  for (const std::uint32_t word : {1U, 1U, static_cast<std::uint32_t>(type), 0U, 1U})
    put(bytes_, word);
}

Array Array::of(Param::Kind kind) {
  return Array(kind == Param::Kind::integer ? ElementType::bigint
               : kind == Param::Kind::text  ? ElementType::text
                                            : ElementType::bytea);
}

void Array::add(const Param& value) {
  switch (value.kind) {
    case Param::Kind::null:
      return add_null();
    case Param::Kind::integer:
      return add_integer(value.integer);
    case Param::Kind::text:
    case Param::Kind::blob:
      return add_value(value.bytes);
  }
}

void Array::add_value(std::string_view bytes) {
  put(bytes_, static_cast<std::uint32_t>(bytes.size()));
  bytes_ += bytes;
  ++count_;
}

void Array::add_integer(std::int64_t value) {
  put(bytes_, static_cast<std::uint32_t>(sizeof value));
  put(bytes_, static_cast<std::uint64_t>(value));
  ++count_;
}

void Array::add_null() {
  put(bytes_, null_length);
  ++count_;
}

Param Array::param() {
  std::string count;
  put(count, count_);
  bytes_.replace(count_at, count.size(), count);
  return Param::blob(bytes_);
}

}  // namespace florin::sql
