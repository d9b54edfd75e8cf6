#pragma once
#include "app/config.h"
#include "hub/module.h"
#include "reconciliation/runs.h"

namespace florin::app {

/// Where the two sides of a partner come from: for a partner of the hub in operator mode our rows
/// and the Operator's list; for any other name the files hub.csv and operator.csv in the folder
/// DATA/reconciliation-inbox/TENANT_ID/PARTNER. The hub outlives what it gives.
reconciliation::SourceFactory reconciliation_sources(const Config& config, hub::Hub& hub);

/// Work and reports below the data folder.
reconciliation::RunOptions reconciliation_options(const Config& config);

}  // namespace florin::app
