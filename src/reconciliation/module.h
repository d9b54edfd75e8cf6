#pragma once
#include <span>

#include "platform/json/value.h"
#include "platform/sql/migration.h"

namespace florin::reconciliation {
std::span<const sql::Migration> migrations();
/// The schemas of the API document that are made from descriptions of fields.
json::Object api_schemas();
}  // namespace florin::reconciliation
