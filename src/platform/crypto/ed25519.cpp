#include "platform/crypto/ed25519.h"

#include <sodium.h>

#include "platform/crypto/random.h"

namespace florin::crypto {
namespace {

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

Ed25519KeyPair Ed25519KeyPair::generate() {
  return Ed25519KeyPair(Secret(random_bytes(crypto_sign_SEEDBYTES)));
}

Ed25519KeyPair::Ed25519KeyPair(const Secret& seed)
    : seed_(seed), public_key_(crypto_sign_PUBLICKEYBYTES, '\0') {
  std::string secret_key(crypto_sign_SECRETKEYBYTES, '\0');
  crypto_sign_seed_keypair(bytes(public_key_), bytes(secret_key), bytes(seed.reveal()));
  secret_key_ = Secret(std::move(secret_key));
}

std::string Ed25519KeyPair::sign(std::string_view message) const {
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(bytes(signature), nullptr, bytes(message), message.size(),
                       bytes(secret_key_.reveal()));
  return signature;
}

}  // namespace florin::crypto
