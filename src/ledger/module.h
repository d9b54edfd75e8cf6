#pragma once
#include <span>

#include "platform/modules/module.h"

namespace florin::ledger {

/// Provides LedgerService and LedgerQueries.
modules::Module module();
std::span<const sql::Migration> migrations();

}  // namespace florin::ledger
