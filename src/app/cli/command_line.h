#pragma once

namespace florin::app {

/// The `florin` program: parses the command line and runs the command it names. Returns the exit
/// code: 0 done, 1 the command found a fault (verify, doctor, reconcile), 2 it could not run.
int run(int argc, char** argv);

}  // namespace florin::app
