// Seeded random documents and mutations: a failure repeats with the seed that the message names.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "platform/json/value.h"

namespace florin::json {
namespace {

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }

  Value value(int depth) {
    switch (below(depth > 0 ? 8 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return integer();
      case 3:
        return decimal();
      case 4:
      case 5:
        return text();
      case 6:
        return array(depth - 1);
      default:
        return object(depth - 1);
    }
  }

 private:
  std::int64_t integer() {
    const auto bits = (static_cast<std::uint64_t>(random_()) << 32) | random_();
    return static_cast<std::int64_t>(bits) >> below(64);
  }

  Value decimal() {
    std::string digits = std::to_string(integer());
    switch (below(3)) {
      case 0:
        return Decimal{digits + "." + std::to_string(below(1'000'000))};
      case 1:
        return Decimal{digits + "e" + (below(2) == 0 ? "-" : "") + std::to_string(below(5'000))};
      default:
        return Decimal{"-" + std::to_string(1 + below(9)) + std::string(19 + below(30), '7')};
    }
  }

  std::string text() {
    std::string out;
    for (std::size_t left = below(50) == 0 ? below(9'000) : below(20); left > 0; --left) {
      out += character();
    }
    return out;
  }

  std::string character() {
    static const std::string_view wide[] = {"\u00e9", "\u20ac", "\U0001F600", "\u2028", "\uffff"};
    switch (below(6)) {
      case 0:
        return std::string(1, static_cast<char>(1 + below(0x7F)));
      case 1:
        return std::string(wide[below(std::size(wide))]);
      case 2:
        return std::string(1, "\"\\/\b\n~"[below(6)]);
      default:
        return std::string(1, static_cast<char>('a' + below(26)));
    }
  }

  Value array(int depth) {
    Array items;
    for (std::size_t left = below(6); left > 0; --left) items.push_back(value(depth));
    return items;
  }

  Value object(int depth) {
    Object members;
    const std::size_t count = below(8) == 0 ? below(40) : below(6);
    for (std::size_t i = 0; i < count; ++i) {
      std::string key = std::to_string(i);  // First, so that keys differ.
      key += ':';
      key += text();
      members.emplace_back(std::move(key), value(depth));
    }
    return members;
  }

  std::mt19937 random_;
};

/// One to four random changes of bytes: overwritten, removed, inserted, a piece repeated or cut
/// off.
void mutate(std::string& text, Generator& random) {
  static constexpr std::string_view likely = "{}[]\",:\\u0123456789eE+-.tfn \xff\x80\xc3\xe2";
  for (std::size_t changes = 1 + random.below(4); changes > 0 && !text.empty(); --changes) {
    const std::size_t at = random.below(text.size());
    const char byte = random.below(2) == 0 ? likely[random.below(likely.size())]
                                           : static_cast<char>(random.below(256));
    switch (random.below(5)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.erase(at, 1 + random.below(4));
        break;
      case 2:
        text.insert(at, 1, byte);
        break;
      case 3:
        text.insert(random.below(text.size()), text.substr(at, random.below(40)));
        break;
      default:
        text.resize(at);
    }
  }
}

TEST(JsonProperty, WhatIsWrittenParsesBackEqual) {
  for (unsigned seed = 0; seed < 1'500; ++seed) {
    Generator random(seed);
    const Value value = random.value(6);
    const std::string text = serialize(value);
    const auto back = parse(text);
    ASSERT_TRUE(back) << "seed " << seed << ": " << back.error().detail;
    ASSERT_EQ(serialize(*back), text) << "seed " << seed;
    ASSERT_EQ(*back, value) << "seed " << seed;
  }
}

TEST(JsonProperty, MutatedDocumentsAreRefusedOrParseBackEqual) {
  int accepted = 0;
  int refused = 0;
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    Generator random(seed);
    std::string text = serialize(Object{{"a", random.value(3)}, {"b", random.value(2)}});
    mutate(text, random);
    const auto value = parse(text);
    if (!value) {
      ASSERT_EQ(value.error().code, errors::malformed_json) << "seed " << seed;
      ++refused;
      continue;
    }
    ++accepted;
    const auto back = parse(serialize(*value));
    ASSERT_TRUE(back) << "seed " << seed << ": " << back.error().detail;
    ASSERT_EQ(*back, *value) << "seed " << seed;
  }
  // Both outcomes must be common, or the mutations prove nothing.
  EXPECT_GT(accepted, 500);
  EXPECT_GT(refused, 500);
}

TEST(JsonProperty, RandomBytesNeverCrash) {
  for (unsigned seed = 0; seed < 5'000; ++seed) {
    Generator random(seed);
    std::string text;
    for (std::size_t left = random.below(60); left > 0; --left) {
      text += static_cast<char>(random.below(256));
    }
    const auto value = parse(text);
    if (value) {
      const auto back = parse(serialize(*value));
      ASSERT_TRUE(back && *back == *value) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace florin::json
