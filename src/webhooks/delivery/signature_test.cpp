#include "webhooks/delivery/signature.h"

#include <gtest/gtest.h>

#include "platform/crypto/vault.h"

namespace florin::webhooks {
namespace {

constexpr Timestamp now{1'768'469'400'000'000};

EndpointSecret hmac(std::string text, std::optional<Timestamp> expires_at = {}) {
  return {{}, SecretKind::hmac, Secret(std::move(text)), {}, expires_at};
}
EndpointSecret ed25519() { return {{}, SecretKind::ed25519, new_ed25519_secret(), {}, {}}; }

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
