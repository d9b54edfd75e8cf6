#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "platform/json/codec.h"
#include "platform/json/object_reader.h"

namespace florin::ledger {

/// The member `metadata` of a request, a JSON object, as text: "{}" when absent. Rules: wrong_type,
/// too_long.
std::string read_metadata(json::ObjectReader& body);
/// The same for descriptions of fields.
json::Codec<std::string> metadata_codec();

/// The value of a member of the metadata's own level, as text: a string as it is, anything else
/// as the JSON that answers show, so that 1.50 is not 1.5. Nothing when it is absent.
std::optional<std::string> metadata_text(std::string_view metadata, std::string_view key);
/// The same for a sum's group: null means no group.
std::optional<std::string> metadata_group(std::string_view metadata, std::string_view key);

}  // namespace florin::ledger
