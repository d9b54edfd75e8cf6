#pragma once
#include <span>

#include "platform/sql/migration.h"

namespace florin::access {
std::span<const sql::Migration> migrations();
}  // namespace florin::access
