#pragma once
#include <string>
#include <string_view>

namespace florin::http {

/// As header names compare: ASCII letters in any case.
bool same_ignoring_case(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);
/// Whether the bytes are UTF-8 (RFC 3629: no surrogates, nothing overlong) without control
/// characters.
bool is_printable_utf8(std::string_view bytes);

}  // namespace florin::http
