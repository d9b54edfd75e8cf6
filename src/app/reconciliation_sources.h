#pragma once
#include "platform/modules/module.h"
#include "reconciliation/reconciliation.h"

namespace florin::app {

/// Where the two sides of a partner come from: for a partner of the hub in operator mode our rows
/// and the Operator's list; for any other name the files hub.csv and operator.csv in the folder
/// DATA/reconciliation-inbox/TENANT_ID/PARTNER. The hub is one of `services`, which outlive what
/// this gives, when a source is opened.
reconciliation::SourceFactory reconciliation_sources(const modules::DataFolder& data,
                                                     const modules::Services& services);

}  // namespace florin::app
