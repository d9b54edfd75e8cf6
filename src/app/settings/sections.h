#pragma once
#include <vector>

#include "platform/config/settings.h"

/// The settings of the process itself, which fill Config. Those of a module are in its folder.
namespace florin::app::sections {

config::Section data();
config::Section database();
config::Section http();
config::Section log();
config::Section node();
config::Section redis();
config::Section security();

}  // namespace florin::app::sections
