#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "platform/crypto/hash.h"
#include "platform/crypto/random.h"

namespace florin::crypto {
namespace {

std::string hex(const Sha256& digest) { return to_hex(bytes_of(digest)); }

// FIPS 180-4 examples.
TEST(Sha256, MatchesTheStandardsExamples) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, StreamGivesTheDigestOfThePiecesAndStartsAnew) {
  Sha256Stream stream;
  stream.update("a");
  stream.update("bc");
  EXPECT_EQ(stream.finish(), sha256("abc"));
  stream.update("abc");
  EXPECT_EQ(stream.finish(), sha256("abc"));
}

TEST(Sha256, ThreadsDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string text = "thread " + std::to_string(t);
      const Sha256 first = sha256(text);
      for (int i = 0; i < 2'000; ++i) wrong += sha256(text) != first;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

// RFC 4231, test cases 1 and 2.
TEST(HmacSha256, MatchesTheRfcVectors) {
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(EqualConstantTime, ComparesContentAndLength) {
  EXPECT_TRUE(equal_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_constant_time("secret", "secre"));
  EXPECT_TRUE(equal_constant_time("", ""));
}

TEST(Random, Base62IsOfTheAlphabetAndDoesNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string text = random_base62(32);
    ASSERT_EQ(text.size(), 32u);
    for (const char c : text) ASSERT_TRUE(std::isalnum(static_cast<unsigned char>(c)));
    ASSERT_TRUE(seen.insert(text).second);
  }
}

TEST(Random, HexHasTwoDigitsForEachByte) { EXPECT_EQ(random_hex(8).size(), 16u); }

}  // namespace
}  // namespace florin::crypto
