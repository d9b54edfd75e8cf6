#pragma once
#include <string>
#include <string_view>

#include "hub/hub.h"

namespace florin::hub {

/// A transaction as lists and events show it, with its state of now.
void append_json(std::string& out, const WalletTransaction& transaction,
                 std::string_view partner_code);

/// The answer for a movement that has succeeded. Made from what never changes about it.
std::string done_body(const WalletTransaction& transaction);
/// The same while its outcome is not known.
std::string pending_body(const WalletTransaction& transaction);

}  // namespace florin::hub
