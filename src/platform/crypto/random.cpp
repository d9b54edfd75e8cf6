#include "platform/crypto/random.h"

#include <sodium.h>

#include <stdexcept>
#include <string_view>

#include "platform/crypto/hash.h"

namespace florin::crypto {
namespace {

/// Must have run before libsodium's generator is used; later calls cost a load.
void ensure_started() {
  static const bool started = sodium_init() >= 0;
  if (!started) throw std::runtime_error("the system's random generator is not available");
}

}  // namespace

std::string random_bytes(std::size_t count) {
  ensure_started();
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::string random_base62(std::size_t length) {
  constexpr std::string_view alphabet =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  ensure_started();
  std::string text(length, '\0');
  for (char& c : text)
    c = alphabet[randombytes_uniform(static_cast<std::uint32_t>(alphabet.size()))];
  return text;
}

std::string random_hex(std::size_t bytes) { return to_hex(random_bytes(bytes)); }

}  // namespace florin::crypto
