#include "base/words.h"

namespace florin {

std::string must_be_one_of(const std::vector<std::string_view>& words) {
  std::string text = "must be ";
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace florin
