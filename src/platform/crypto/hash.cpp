#include "platform/crypto/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <new>

namespace florin::crypto {
namespace {

/// Fetched once: looking an algorithm up by name costs more than hashing a short text.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context new_context() {
  Context context(EVP_MD_CTX_new());
  if (!context) throw std::bad_alloc();
  EVP_DigestInit_ex2(context.get(), algorithm(), nullptr);
  return context;
}

/// The digest so far; the context starts anew.
Sha256 take(EVP_MD_CTX* context) {
  Sha256 digest{};
  EVP_DigestFinal_ex(context, digest.data(), nullptr);
  EVP_DigestInit_ex2(context, nullptr, nullptr);
  return digest;
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  thread_local const Context context = new_context();
  EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
  return take(context.get());
}

struct Sha256Stream::Impl {
  Context context = new_context();
};

Sha256Stream::Sha256Stream() : impl_(std::make_unique<Impl>()) {}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::update(std::string_view bytes) {
  EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size());
}

Sha256 Sha256Stream::finish() { return take(impl_->context.get()); }

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) {
  Sha256 digest{};
  HMAC(algorithm(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(), nullptr);
  return digest;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    hex += digits[static_cast<unsigned char>(byte) >> 4];
    hex += digits[static_cast<unsigned char>(byte) & 15];
  }
  return hex;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace florin::crypto
