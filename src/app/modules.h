#pragma once
#include <span>
#include <vector>

#include "platform/modules/module.h"

namespace florin::app {

/// Every module, in the order in which they are built.
std::span<const modules::Module> all_modules();

/// The schema of every module, in that order.
std::vector<sql::Migration> all_migrations();
/// What every module declares.
std::vector<std::string_view> all_event_types();
std::vector<std::string_view> all_permissions();

}  // namespace florin::app
