#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace florin::crypto {

/// Base64 of RFC 4648, section 4, with padding.
std::string to_base64(std::string_view bytes);
/// Nothing for anything that to_base64 would not have written.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace florin::crypto
