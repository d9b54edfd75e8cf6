#include "platform/crypto/vault.h"

#include <sodium.h>

#include <utility>

#include "platform/crypto/base64.h"
#include "platform/crypto/random.h"

namespace florin::crypto {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Error unreadable() {
  return {errors::secret_unreadable, "a stored secret does not open with this encryption key"};
}

}  // namespace

Vault::Vault(const Secret& master) {
  if (master.empty()) return;
  std::string key(crypto_aead_xchacha20poly1305_ietf_KEYBYTES, '\0');
  crypto_generichash(bytes(key), key.size(), bytes(master.reveal()), master.reveal().size(),
                     nullptr, 0);
  key_ = Secret(std::move(key));
}

Result<std::string> Vault::seal(const Secret& secret, std::string_view purpose) const {
  if (key_.empty())
    return Error{errors::secret_key_missing,
                 "the key that secrets are sealed with is lost (secret.key or ENCRYPTION_KEY); put "
                 "it back, or start with --new-secret-key and replace every secret"};
  const std::string nonce = random_bytes(nonce_bytes);
  const std::string_view plain = secret.reveal();
  std::string sealed(plain.size() + tag_bytes, '\0');
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(sealed), nullptr, bytes(plain), plain.size(),
                                             bytes(purpose), purpose.size(), nullptr, bytes(nonce),
                                             bytes(key_.reveal()));
  return to_base64(nonce + sealed);
}

Result<Secret> Vault::open(std::string_view sealed, std::string_view purpose) const {
  if (key_.empty()) return unreadable();
  const auto raw = from_base64(sealed);
  if (!raw || raw->size() < nonce_bytes + tag_bytes) return unreadable();
  const std::string_view nonce = std::string_view(*raw).substr(0, nonce_bytes);
  const std::string_view box = std::string_view(*raw).substr(nonce_bytes);
  std::string plain(box.size() - tag_bytes, '\0');
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
      bytes(plain), nullptr, nullptr, bytes(box), box.size(), bytes(purpose), purpose.size(),
      bytes(nonce), bytes(key_.reveal()));
  if (failed != 0) return unreadable();
  return Secret(std::move(plain));
}

}  // namespace florin::crypto
