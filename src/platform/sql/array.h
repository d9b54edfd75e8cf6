#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/sql/database.h"

namespace florin::sql {

/// A list of values as one parameter, for statements on PostgreSQL that take a whole set:
/// `unnest($1::bigint[])`, `= ANY ($1::bytea[])`. Holds its text: keep it until the call returns.
class Array {
 public:
  void add(std::int64_t value);
  void add(const std::optional<std::int64_t>& value);
  void add(std::string_view text);
  void add(const std::optional<std::string>& text);
  void add_blob(std::string_view bytes);
  void add_null();

  Param param();
  bool empty() const { return text_.size() <= 1; }

 private:
  void begin_element();

  std::string text_ = "{";
};

}  // namespace florin::sql
