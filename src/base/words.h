#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace florin {

/// A value of an enumeration and how it is written: in the API, in rows and in documents.
template <class E>
struct Word {
  E value;
  std::string_view text;
};

/// An enumeration has words when words_of() stands beside it; one more value is one more line:
///
///   enum class WalletMode : std::uint8_t { internal, operator_wallet };
///   constexpr auto words_of(WalletMode) {
///     return std::to_array<Word<WalletMode>>(
///         {{WalletMode::internal, "internal"}, {WalletMode::operator_wallet, "operator"}});
///   }
template <class E>
concept HasWords = requires(E value) {
  words_of(value)[0].text;
};

/// Empty for a value without a word.
template <HasWords E>
constexpr std::string_view to_word(E value) {
  for (const Word<E>& word : words_of(value)) {
    if (word.value == value) return word.text;
  }
  return {};
}

/// Nothing when no value is written so.
template <HasWords E>
constexpr std::optional<E> parse_word(std::string_view text) {
  for (const Word<E>& word : words_of(E{})) {
    if (word.text == text) return word.value;
  }
  return std::nullopt;
}

/// In the order of words_of().
template <HasWords E>
std::vector<std::string_view> all_words() {
  std::vector<std::string_view> all;
  for (const Word<E>& word : words_of(E{})) all.push_back(word.text);
  return all;
}

/// "must be a, b or c": what a text must be that is to be one of these.
std::string must_be_one_of(const std::vector<std::string_view>& words);

}  // namespace florin
