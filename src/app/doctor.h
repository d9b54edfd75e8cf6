#pragma once
#include "app/config.h"

namespace florin {
class Clock;
}

namespace florin::app {

/// Checks what the server depends on and prints a line for each, with advice where something is
/// wrong. Returns whether all is well. Writes nothing to the database.
bool run_doctor(const Config& config, const Clock& clock);

}  // namespace florin::app
