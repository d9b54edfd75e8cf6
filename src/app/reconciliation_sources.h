#pragma once
#include "app/config.h"
#include "reconciliation/runs.h"

namespace florin::app {

/// Where the two sides of a partner come from: the files hub.csv and operator.csv in the folder
/// DATA/reconciliation-inbox/TENANT_ID/PARTNER.
reconciliation::SourceFactory reconciliation_sources(const Config& config);

/// Work and reports below the data folder.
reconciliation::RunOptions reconciliation_options(const Config& config);

}  // namespace florin::app
