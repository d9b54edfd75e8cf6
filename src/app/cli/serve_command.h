#pragma once
#include "app/config.h"
#include "app/data/open_database.h"
#include "base/clock.h"
#include "base/result.h"

namespace florin::app {

/// Runs the server until the process is told to stop. With `settings.sandbox` it has a demo tenant
/// with a trickle of transfers, and the simulated Operator and game server beside it.
/// Errors: invalid_configuration where others could use published secrets (app/exposure.h); those
/// of the database and the listener.
Result<void> run_server(Config settings, const Clock& clock, const Opening& opening);

}  // namespace florin::app
