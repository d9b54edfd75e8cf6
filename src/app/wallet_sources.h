#pragma once
#include <memory>

#include "hub/wallet_hub.h"
#include "reconciliation/reconciliation.h"

namespace florin::app {

/// The two sides of a hub partner in operator mode, for reconciliation: our rows of what was sent
/// to its Operator, and the Operator's own list. `spool` is a file for the pages of the list.
reconciliation::SourcePair wallet_sources(hub::Hub& hub, const hub::PartnerPtr& partner,
                                          std::string spool);

}  // namespace florin::app
