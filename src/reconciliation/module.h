#pragma once
#include <span>

#include "platform/modules/module.h"

namespace florin::reconciliation {
struct RunOptions;

/// Needs a SourceFactory, where the two sides of a partner come from. Provides Runs.
modules::Module module();
std::span<const sql::Migration> migrations();
/// The schemas of the API document that are made from descriptions of fields.
json::Object api_schemas();

/// Where runs work and put their reports, below the data folder.
RunOptions run_options(const modules::DataFolder& data);

}  // namespace florin::reconciliation
