#pragma once
#include <string>
#include <string_view>

#include "access/access.h"
#include "base/secret.h"

namespace florin::access {

/// "fl_live_" or "fl_test_" and 32 random characters of [0-9A-Za-z]: 190 bits, so a plain SHA-256
/// protects it at rest.
Secret new_key_text(KeyMode mode);
/// Whether it has the form of a key; says nothing about whether it exists.
bool looks_like_key(std::string_view text);
/// Prefix and the last four characters.
std::string hint_of(const Secret& key);

}  // namespace florin::access
