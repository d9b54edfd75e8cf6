#pragma once
#include <string>
#include <string_view>

namespace florin {

/// The rule that a value breaks, of a field that is named elsewhere. It never quotes the value.
struct BrokenRule {
  std::string_view rule;  ///< A snake_case word of docs/errors.md: "too_short".
  std::string detail;     ///< To stand behind the field's name: "must have at least 16 bytes".
};

}  // namespace florin
