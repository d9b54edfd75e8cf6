#pragma once
#include <span>

#include "platform/sql/migration.h"

namespace florin::ledger {
std::span<const sql::Migration> migrations();
}
