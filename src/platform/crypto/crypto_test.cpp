#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "platform/crypto/base64.h"
#include "platform/crypto/ed25519.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/random.h"
#include "platform/crypto/seal_key.h"
#include "platform/crypto/vault.h"

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

// RFC 4648, section 10.
TEST(Base64, MatchesTheRfcVectorsBothWays) {
  const std::vector<std::pair<std::string, std::string>> vectors{{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(to_base64(plain), encoded);
    EXPECT_EQ(from_base64(encoded), plain);
  }
}

TEST(Base64, RefusesWhatItWouldNotHaveWritten) {
  for (const char* bad : {"Zg", "Zg=", "Zg===", "Z", "Zm9v!", "Zm9v Zm9v", "Zm9-", "Zh=="})
    EXPECT_FALSE(from_base64(bad)) << bad;
}

// RFC 8032, section 7.1, test 2.
TEST(Ed25519, MatchesTheRfcVector) {
  const auto bytes = [](std::string_view digits) {
    std::string out;
    for (std::size_t i = 0; i < digits.size(); i += 2)
      out += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    return out;
  };
  const Ed25519KeyPair pair(
      Secret(bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")));
  EXPECT_EQ(to_hex(pair.public_key()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(
      to_hex(pair.sign("\x72")),
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
      "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Vault, OpensWhatItSealedForThatPurposeAlone) {
  const Vault vault(Secret("a master key of some length"));
  const std::string sealed = *vault.seal(Secret("s3cret"), "partner:1");
  EXPECT_EQ(sealed.find("s3cret"), std::string::npos);
  EXPECT_NE(sealed, *vault.seal(Secret("s3cret"), "partner:1")) << "the nonce is random";
  const auto opened = vault.open(sealed, "partner:1");
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->reveal(), "s3cret");
  EXPECT_EQ(vault.open(sealed, "partner:2").error().code, errors::secret_unreadable);
}

TEST(Vault, WithoutAKeySealsAndOpensNothing) {
  const std::string sealed = *Vault(Secret("a master key of some length")).seal(Secret("x"), "p");
  const Vault lost((Secret()));
  EXPECT_EQ(lost.seal(Secret("x"), "p").error().code, errors::secret_key_missing);
  EXPECT_EQ(lost.open(sealed, "p").error().code, errors::secret_unreadable);
}

TEST(Vault, RefusesAnotherKeyAndDamage) {
  const std::string sealed = *Vault(Secret("a master key of some length")).seal(Secret("x"), "p");
  const Vault other(Secret("another key of some length"));
  EXPECT_EQ(other.open(sealed, "p").error().code, errors::secret_unreadable);
  EXPECT_EQ(other.open("", "p").error().code, errors::secret_unreadable);
  EXPECT_EQ(other.open("not base64", "p").error().code, errors::secret_unreadable);
}

// ---------------------------------------------------------------- seals

TEST(SealKey, TellsItsOwnSealsFromOthersAndFromNobodys) {
  using Fit = SealKey::Fit;
  const SealKey key{Secret("a master key of the tests")};
  const SealKey other{Secret("another master key")};
  const auto fit = [&](const SealKey& by, std::string_view sealed, std::string_view read) {
    return key.check(bytes_of(by.seal(sealed)), read);
  };
  EXPECT_EQ(fit(key, "a row", "a row"), Fit::fits);
  EXPECT_EQ(fit(key, "a row", "a ruw"), Fit::differs);
  EXPECT_EQ(fit(other, "a row", "a row"), Fit::other_key);
  EXPECT_EQ(fit(SealKey::nobodys(), "a row", "a row"), Fit::unkeyed);
  EXPECT_EQ(fit(SealKey::nobodys(), "a row", "a ruw"), Fit::differs);
  EXPECT_EQ(key.check("", "a row"), Fit::differs);
  EXPECT_EQ(SealKey::nobodys().name(), "00000000");
  const Seal own = SealKey::nobodys().seal("a row");
  EXPECT_EQ(SealKey::nobodys().check(bytes_of(own), "a row"), Fit::unkeyed)
      << "nobody's key proves nothing, to itself neither";
}

}  // namespace
}  // namespace florin::crypto
