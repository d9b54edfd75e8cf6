#pragma once
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace florin::app {

/// The flags of `florin sandbox`; empty secrets and addresses mean those of sandbox::Options.
struct SandboxFlags {
  std::string operator_listen, rgs_listen;  ///< HOST:PORT
  std::string hub_url;
  std::string hub_secret, operator_secret, webhook_secret;
  bool is_public = false;  ///< Others than this machine may reach it.
  std::int64_t seed = 1;
  int latency_ms = 0;
};

/// Runs the simulated operator and game server until the process is told to stop. Errors:
/// invalid_configuration for an address that is none or that it may not take, or for a weak secret;
/// cannot_listen.
Result<void> run_sandbox(const SandboxFlags& flags, const Clock& clock);

}  // namespace florin::app
