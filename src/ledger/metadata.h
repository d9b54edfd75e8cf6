#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace florin::ledger {

/// The value of a member of the metadata's own level, as text: a string as it stands, anything else
/// as JSON. Nothing when it is absent or null.
std::optional<std::string> metadata_value(std::string_view metadata, std::string_view key);

}  // namespace florin::ledger
