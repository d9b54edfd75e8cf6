#pragma once
#include <span>

#include "platform/modules/module.h"

namespace florin::hub {

/// Provides Hub.
modules::Module module();
std::span<const sql::Migration> migrations();

}  // namespace florin::hub
