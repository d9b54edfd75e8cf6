#include "platform/sql/words.h"

#include <fmt/core.h>

#include "platform/sql/refusable_row.h"

namespace florin::sql {

void refuse_word(const Row& row, int column, std::string_view place) {
  constexpr std::size_t shown = 64;
  // Every row is of an engine; a row of a test that is not takes no refusal.
  const auto* refusable = dynamic_cast<const RefusableRow*>(&row);
  if (refusable)
    refusable->refuse(
        fmt::format("{} holds \"{}\", which is not one of its values; run florin verify", place,
                    row.text(column).substr(0, shown)));
}

}  // namespace florin::sql
