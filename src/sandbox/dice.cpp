#include "sandbox/dice.h"

namespace florin::sandbox {
namespace {

/// SplitMix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit of the input.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// FNV-1a, which is the same on every machine and build, unlike std::hash.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

}  // namespace

Dice::Dice(std::uint64_t seed, std::string_view name, std::uint64_t number)
    : state_(mixed(seed + 1) ^ mixed(hash_of(name) + number)) {}

std::uint64_t Dice::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  return mixed(state_);
}

double Dice::fraction() {
  // 53 bits are what a double holds exactly.
  return static_cast<double>(next() >> 11) / static_cast<double>(1ULL << 53);
}

}  // namespace florin::sandbox
