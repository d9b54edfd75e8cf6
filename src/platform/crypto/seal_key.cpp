#include "platform/crypto/seal_key.h"

#include <sodium.h>

#include <algorithm>

#include "platform/crypto/hash.h"

namespace florin::crypto {
namespace {

constexpr std::size_t id_bytes = 4;
constexpr std::size_t mac_bytes = crypto_generichash_BYTES_MIN;
static_assert(id_bytes + mac_bytes == std::tuple_size_v<Seal>);

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void hash(char* out, std::size_t size, std::string_view text, std::string_view key) {
  crypto_generichash(reinterpret_cast<unsigned char*>(out), size, bytes(text), text.size(),
                     bytes(key), key.size());
}

/// BLAKE2b takes keys of 16 to 64 bytes: a longer master is shortened first.
std::string derived(std::string_view master, std::string_view purpose) {
  std::string short_master(crypto_generichash_BYTES_MAX, '\0');
  hash(short_master.data(), short_master.size(), master, {});
  std::string key(crypto_generichash_KEYBYTES, '\0');
  hash(key.data(), key.size(), purpose, short_master);
  return key;
}

}  // namespace

SealKey::SealKey(const Secret& master) : key_(derived(master.reveal(), "florin seals 1")) {
  // Until then the library hashes without the processor's vector instructions, which is no fault.
  (void)!sodium_init();
  std::array<char, mac_bytes> name{};
  hash(name.data(), name.size(), "name", key_.reveal());
  std::copy_n(name.begin(), id_.size(), id_.begin());
  if (is_unkeyed({id_.data(), id_.size()})) id_.back() = 1;
}

SealKey SealKey::nobodys() {
  (void)!sodium_init();  // As above.
  SealKey key;
  key.key_ = Secret(std::string(crypto_generichash_KEYBYTES, '\0'));
  return key;
}

Seal SealKey::seal(std::string_view text) const {
  Seal seal{};
  std::copy(id_.begin(), id_.end(), seal.begin());
  hash(seal.data() + id_bytes, mac_bytes, text, key_.reveal());
  return seal;
}

bool SealKey::has_made(std::string_view seal, std::string_view text) const {
  return equal_constant_time(seal, bytes_of(this->seal(text)));
}

SealKey::Fit SealKey::check(std::string_view seal, std::string_view text) const {
  if (seal.size() != std::tuple_size_v<Seal>) return Fit::differs;
  if (is_unkeyed(seal)) {
    static const SealKey nobody = nobodys();
    return nobody.has_made(seal, text) ? Fit::unkeyed : Fit::differs;
  }
  if (seal.substr(0, id_bytes) != std::string_view(id_.data(), id_.size())) return Fit::other_key;
  return has_made(seal, text) ? Fit::fits : Fit::differs;
}

std::string SealKey::name() const { return to_hex({id_.data(), id_.size()}); }

std::string SealKey::name_of(std::string_view seal) { return to_hex(seal.substr(0, id_bytes)); }

bool SealKey::is_unkeyed(std::string_view seal) { return seal.starts_with(unkeyed_start()); }

std::string_view SealKey::unkeyed_start() {
  static constexpr std::array<char, id_bytes> start{};
  return {start.data(), start.size()};
}

}  // namespace florin::crypto
