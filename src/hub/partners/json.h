#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "hub/hub.h"
#include "hub/operator/operator_client.h"

namespace florin::hub {

/// As the API shows it; without secrets. `trouble`: with its Operator.
std::string to_json(const Partner& partner, const std::optional<operators::Trouble>& trouble = {});

/// As the row keeps it.
std::string to_json(const OperatorSettings& settings);
/// Reads what to_json() wrote; what is missing keeps its default.
OperatorSettings operator_settings_from(std::string_view text);

}  // namespace florin::hub
