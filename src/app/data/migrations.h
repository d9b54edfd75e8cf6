#pragma once
#include <vector>

#include "platform/sql/migration.h"

namespace florin::app {

/// The schema of every module, in dependency order.
std::vector<sql::Migration> all_migrations();

}  // namespace florin::app
