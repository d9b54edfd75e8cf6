#pragma once
#include <cstddef>
#include <string>

namespace florin::crypto {

/// Bytes from the system's cryptographic generator.
std::string random_bytes(std::size_t count);
/// `length` characters of [0-9A-Za-z], each equally likely: 5.95 bits a character.
std::string random_base62(std::size_t length);
/// `bytes` random bytes in lower-case hex.
std::string random_hex(std::size_t bytes);

}  // namespace florin::crypto
