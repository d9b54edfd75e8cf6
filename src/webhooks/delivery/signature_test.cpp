#include "webhooks/delivery/signature.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "platform/crypto/base64.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/vault.h"

namespace florin::webhooks {
namespace {

constexpr Timestamp now{1'768'469'400'000'000};

EndpointSecret hmac(std::string text, std::optional<Timestamp> expires_at = {}) {
  return {{}, SecretKind::hmac, Secret(std::move(text)), {}, expires_at};
}
EndpointSecret ed25519() { return {{}, SecretKind::ed25519, new_ed25519_secret(), {}, {}}; }

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

std::string first_of(const std::string& header) { return header.substr(0, header.find(' ')); }

// Source: the published test of the Standard Webhooks libraries.
TEST(Signature, IsThatOfStandardWebhooks) {
  const auto signer = *Signer::make({hmac("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), ed25519()});
  const Message message{"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"};
  EXPECT_EQ(first_of(signer.standard(message, now)),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

// Source: values that the library of Stripe accepts.
TEST(Signature, IsThatOfStripesScheme) {
  const auto signer = *Signer::make({hmac("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
                                     hmac("a secret of our own 1"), ed25519()});
  const std::string header = signer.timed({"", 1768469400, "{}"}, now);
  EXPECT_TRUE(header.starts_with("t=1768469400,v1=")) << header;
  EXPECT_EQ(header.size(), std::string("t=1768469400").size() + 2 * (4 + 64));
}

TEST(Signature, EndsWithItsSecret) {
  const auto signer = *Signer::make({hmac("the old secret, which ends", now.plus_seconds(1)),
                                     hmac("the new secret of it"), ed25519()});
  const Message message{"evt_1", 1, "{}"};
  const std::string both = signer.standard(message, now);
  const std::string one = signer.standard(message, now.plus_seconds(1));
  EXPECT_EQ(std::count(both.begin(), both.end(), ' '), 2);
  EXPECT_EQ(std::count(one.begin(), one.end(), ' '), 1);
  EXPECT_EQ(first_of(both), first_of(one)) << "the newest comes first";
}

TEST(Signature, OfOneSecretIsThatOfItsKeyOverIdTimeAndBody) {
  const EndpointSecret pair = ed25519();
  const auto signer = *Signer::make({hmac("a secret of our own 1"), pair});
  const std::string content = R"(evt_1.1768469400.{"a":1})";
  const Message message{"evt_1", 1'768'469'400, R"({"a":1})"};
  const std::string mac =
      crypto::to_base64(crypto::bytes_of(crypto::hmac_sha256("a secret of our own 1", content)));
  const std::string signature = crypto::to_base64(ed25519_key_of(pair.text)->sign(content));
  EXPECT_EQ(signer.standard(message, now), "v1," + mac + " v1a," + signature);
  EXPECT_EQ(
      signer.plain(message.body),
      crypto::to_hex(crypto::bytes_of(crypto::hmac_sha256("a secret of our own 1", message.body))));
  EXPECT_EQ(signer.timed(message, now),
            "t=1768469400,v1=" + crypto::to_hex(crypto::bytes_of(crypto::hmac_sha256(
                                     "a secret of our own 1", R"(1768469400.{"a":1})"))));
}

// Source: RFC 8032, 7.1, test 2: the key, and the signature of "r".
TEST(Signature, AKeyPairIsReadFromSeedAndPublicKey) {
  const std::string seed =
      bytes_of_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const std::string public_key =
      bytes_of_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const auto key = ed25519_key_of(Secret("whsk_" + crypto::to_base64(seed + public_key)));
  ASSERT_TRUE(key);
  EXPECT_EQ(public_key_text(*key), "whpk_" + crypto::to_base64(public_key));
  EXPECT_EQ(crypto::to_hex(key->sign("r")),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_FALSE(ed25519_key_of(Secret("whsk_" + crypto::to_base64(seed + seed))))
      << "the public key is of another seed";
}

TEST(Signature, DuringARotationBothKindsSignTwice) {
  EndpointSecret old_pair = ed25519();
  old_pair.expires_at = now.plus_seconds(5);
  const auto signer = *Signer::make({hmac("the old secret, which ends", now.plus_seconds(5)),
                                     old_pair, hmac("the new secret of it"), ed25519()});
  const Message message{"evt_1", 1, "{}"};
  const auto count = [&](std::string_view version, Timestamp at) {
    const std::string header = " " + signer.standard(message, at);
    std::size_t found = 0;
    for (std::size_t i = header.find(version); i != std::string::npos;
         i = header.find(version, i + 1))
      ++found;
    return found;
  };
  EXPECT_EQ(count(" v1,", now), 2u);
  EXPECT_EQ(count(" v1a,", now), 2u);
  EXPECT_EQ(count(" v1,", now.plus_seconds(5)), 1u);
  EXPECT_EQ(count(" v1a,", now.plus_seconds(5)), 1u);
  const std::string timed = signer.timed(message, now);
  EXPECT_EQ(std::count(timed.begin(), timed.end(), ','), 2);
  EXPECT_EQ(signer.plain("{}"),
            crypto::to_hex(crypto::bytes_of(crypto::hmac_sha256("the new secret of it", "{}"))))
      << "the newest alone";
}

TEST(Signature, ASecretOfTheStandardFormIsDecodedElseItIsTheKeyItself) {
  const std::string bytes(24, '\x01');
  EXPECT_EQ(hmac_key_of(Secret("whsec_" + crypto::to_base64(bytes))).reveal(), bytes);
  const std::string short_one = "whsec_" + crypto::to_base64(std::string(23, 'x'));
  const std::string long_one = "whsec_" + crypto::to_base64(std::string(65, 'x'));
  EXPECT_EQ(hmac_key_of(Secret(short_one)).reveal(), short_one);
  EXPECT_EQ(broken_secret_rule(Secret(short_one))->rule, "malformed_secret");
  EXPECT_EQ(broken_secret_rule(Secret(long_one))->rule, "malformed_secret");
}

TEST(Signature, SecretsAreReadAsTheyAreWritten) {
  EXPECT_TRUE(broken_secret_rule(Secret("fifteen bytes..")));
  EXPECT_FALSE(broken_secret_rule(Secret("sixteen bytes...")));
  EXPECT_TRUE(broken_secret_rule(Secret("whsec_MfKQ9r8GKYqrTwjU")));
  EXPECT_FALSE(broken_secret_rule(new_hmac_secret()));
  EXPECT_EQ(broken_secret_rule(Secret(std::string(32, 'a')))->rule, "guessable");
  EXPECT_EQ(broken_secret_rule(Secret("whsec_" + std::string(32, 'A')))->rule, "guessable");
  EXPECT_EQ(hmac_key_of(new_hmac_secret()).reveal().size(), 32u);
  EXPECT_EQ(hmac_key_of(Secret("short")).reveal(), "short");
  EXPECT_EQ(hmac_key_of(Secret("whsec_test_secret")).reveal(), "whsec_test_secret");
  EXPECT_TRUE(ed25519_key_of(new_ed25519_secret()));
  EXPECT_FALSE(ed25519_key_of(Secret("whsk_AAAA")));
  EXPECT_FALSE(ed25519_key_of(Secret("nonsense")));
}

TEST(Signature, WhatIsNoKeyIsAnError) {
  EndpointSecret broken = ed25519();
  broken.text = Secret("whsk_AAAA");
  EXPECT_EQ(Signer::make({hmac("the only secret of it"), broken}).error().code,
            crypto::errors::secret_unreadable);
  EXPECT_EQ(Signer::make({hmac("the only secret of it")}).error().code,
            crypto::errors::secret_unreadable);
}

}  // namespace
}  // namespace florin::webhooks
