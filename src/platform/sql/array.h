#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/sql/database.h"

namespace florin::sql {

/// A list of values as one parameter, for statements on PostgreSQL that take a whole set:
/// `= ANY ($1::bytea[])`, or `SELECT unnest($1::bigint[]), unnest($2::text[])` for lists of one
/// length; in FROM, `unnest` copies each list before the first row is read. In the server's binary
/// form, which it reads several times faster than text (src/backend/utils/adt/arrayfuncs.c,
/// array_recv). Holds its values: keep it until the call returns.
class Array {
 public:
  /// For elements of that kind.
  static Array of(Param::Kind kind);
  /// Of its kind, or null.
  void add(const Param& value);
  void add_null();
  Param param();

 protected:
  enum class ElementType : std::uint32_t { bytea = 17, bigint = 20, text = 25 };  // pg_type.dat

  explicit Array(ElementType type);
  void add_value(std::string_view bytes);
  void add_integer(std::int64_t value);

 private:
  std::string bytes_;
  std::uint32_t count_ = 0;
};

/// For `bigint[]`.
class Integers : public Array {
 public:
  Integers() : Array(ElementType::bigint) {}
  void add(std::int64_t value) { add_integer(value); }
  void add(const std::optional<std::int64_t>& value) { value ? add(*value) : add_null(); }
};

/// For `text[]`.
class Texts : public Array {
 public:
  Texts() : Array(ElementType::text) {}
  void add(std::string_view value) { add_value(value); }
  void add(const std::optional<std::string>& value) {
    value ? add(std::string_view(*value)) : add_null();
  }
};

/// For `bytea[]`.
class Blobs : public Array {
 public:
  Blobs() : Array(ElementType::bytea) {}
  void add(std::string_view value) { add_value(value); }
};

}  // namespace florin::sql
