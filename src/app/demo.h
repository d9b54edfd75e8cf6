#pragma once
#include <string>

#include "app/core.h"
#include "platform/jobs/scheduler.h"

namespace florin::app {

/// What `florin serve --sandbox` puts into an empty database, and finds again in one that has it.
struct Demo {
  TenantId tenant;
  std::string api_key;
};

/// Makes the tenant "demo" with a key, a chart of accounts and opening balances, and writes
/// <data>/demo.json (readable by the owner alone). The second start reuses all of it; when the file
/// is gone, a new key is made.
Result<Demo> prepare_demo(Core& core, sql::Database& database, const std::string& data_dir);

/// A job that posts a few believable transfers a second, now and then a hold and its capture, so
/// that the console and the lists are alive.
jobs::Job demo_trickle(Core& core, TenantId tenant);

}  // namespace florin::app
