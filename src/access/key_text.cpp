#include "access/key_text.h"

#include <algorithm>

#include "platform/crypto/random.h"

namespace florin::access {
namespace {

constexpr std::string_view live_prefix = "fl_live_";
constexpr std::string_view test_prefix = "fl_test_";
constexpr std::size_t random_length = 32;

std::string_view prefix_of(KeyMode mode) {
  return mode == KeyMode::live ? live_prefix : test_prefix;
}

bool is_base62(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

Secret new_key_text(KeyMode mode) {
  return Secret(std::string(prefix_of(mode)) + crypto::random_base62(random_length));
}

bool looks_like_key(std::string_view text) {
  if (!text.starts_with(live_prefix) && !text.starts_with(test_prefix)) return false;
  const std::string_view random = text.substr(live_prefix.size());
  return random.size() == random_length && std::all_of(random.begin(), random.end(), is_base62);
}

std::string hint_of(const Secret& key) {
  const std::string_view text = key.reveal();
  return std::string(text.substr(0, live_prefix.size())) + "…" +
         std::string(text.substr(text.size() - 4));
}

}  // namespace florin::access
