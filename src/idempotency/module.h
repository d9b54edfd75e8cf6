#pragma once
#include <span>

#include "platform/modules/module.h"

namespace florin::idempotency {

/// Provides Idempotency.
modules::Module module();
std::span<const sql::Migration> migrations();

}  // namespace florin::idempotency
