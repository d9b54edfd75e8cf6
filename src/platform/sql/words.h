#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "platform/sql/database.h"

namespace florin::sql {

/// The words of a column that have no parser of their own.
template <class Enum, std::size_t n>
using Words = std::array<std::pair<std::string_view, Enum>, n>;

/// Makes the query end with store_corrupt: `place` ("holds.status") holds a word that is not one of
/// its values.
void refuse_word(const Row& row, int column, std::string_view place);

/// What a word of a table, or a small document in it, stands for, as "open" in "holds.status". What
/// does not parse never becomes a plausible value: the query ends with store_corrupt, which names
/// the place and the word, and what is returned here is thrown away with its unit of work.
template <class Enum>
Enum word(const Row& row, int column, std::string_view place,
          std::optional<Enum> (*parse)(std::string_view)) {
  if (const auto value = parse(row.text(column))) return *value;
  refuse_word(row, column, place);
  return {};
}

template <class Enum, std::size_t n>
Enum word(const Row& row, int column, std::string_view place, const Words<Enum, n>& words) {
  for (const auto& [text, value] : words) {
    if (row.text(column) == text) return value;
  }
  refuse_word(row, column, place);
  return words.front().second;
}

}  // namespace florin::sql
