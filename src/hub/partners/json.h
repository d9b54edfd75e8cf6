#pragma once
#include <optional>
#include <string>

#include "hub/hub.h"
#include "hub/operator/operator_client.h"

namespace florin::hub {

/// As the API shows it; without secrets. `trouble`: with its Operator.
std::string to_json(const Partner& partner, const std::optional<operators::Trouble>& trouble = {});

}  // namespace florin::hub
