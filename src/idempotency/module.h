#pragma once
#include <span>

#include "platform/sql/migration.h"

namespace florin::idempotency {
std::span<const sql::Migration> migrations();
}
