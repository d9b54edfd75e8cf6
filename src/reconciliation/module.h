#pragma once
#include <span>

#include "platform/sql/migration.h"

namespace florin::reconciliation {
std::span<const sql::Migration> migrations();
}
