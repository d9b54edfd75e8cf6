#pragma once
#include <string>
#include <string_view>

namespace florin::events {

/// Whether an event of that type exists. The catalogue: every event that Florin writes has its type
/// here and in docs/events.md.
bool is_type(std::string_view text);
/// Whether `text` is a type, or the beginning of one followed by ".*": "account.*",
/// "wallet.debit.*".
bool is_type_or_family(std::string_view text);
/// The families there are, as a person is told: "account.*, hold.*, ...".
std::string known_families();

}  // namespace florin::events
