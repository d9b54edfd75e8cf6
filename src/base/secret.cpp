#include "base/secret.h"

#include <bitset>

namespace florin {
namespace {

constexpr std::size_t least_different = 6;

bool is_repeated(std::string_view text) {
  for (std::size_t period = 1; period <= text.size() / 2; ++period)
    if (text.substr(period) == text.substr(0, text.size() - period)) return true;
  return false;
}

}  // namespace

Secret::~Secret() {
  volatile char* bytes = value_.data();
  for (std::size_t i = 0; i < value_.size(); ++i) bytes[i] = 0;
}

std::optional<SecretFault> guessable_secret(const Secret& secret) {
  std::bitset<256> bytes;
  for (const char c : secret.reveal()) bytes.set(static_cast<unsigned char>(c));
  if (bytes.count() >= least_different && !is_repeated(secret.reveal())) return std::nullopt;
  return SecretFault{"guessable",
                     "must be hard to guess: six different characters at least, and no shorter "
                     "text repeated; take one from `openssl rand -hex 32`"};
}

}  // namespace florin
