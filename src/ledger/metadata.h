#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace florin::ledger {

/// The value of a member of the metadata's own level, as text: a string as it stands, anything else
/// as the JSON that answers show, so that 1.50 is not 1.5. Nothing when it is absent.
std::optional<std::string> metadata_text(std::string_view metadata, std::string_view key);
/// The same for a sum's group: null stands for no group.
std::optional<std::string> metadata_group(std::string_view metadata, std::string_view key);

}  // namespace florin::ledger
