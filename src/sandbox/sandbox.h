#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace florin::sandbox {

/// The secrets given here are for trying things out: everybody knows them.
struct Options {
  std::string operator_host = "127.0.0.1";
  int operator_port = 3001;  ///< 0: any free port; see Sandbox::operator_port().
  std::string rgs_host = "127.0.0.1";
  int rgs_port = 3002;
  /// Callers of the operator sign with one of them: two during a rotation.
  std::vector<Secret> operator_secrets = {Secret("sandbox-operator-secret")};
  std::int64_t opening_balance_major = 1'000;  ///< In whole units of any currency.
  int operator_latency_ms = 0;
  /// Of the webhooks that the game server takes.
  Secret webhook_secret{"whsec_ZmxvcmluLXNhbmRib3gtd2ViaG9vay1zZWNyZXQtMDE="};
  std::string hub_url = "http://127.0.0.1:8000";  ///< Where the game server plays.
  Secret hub_secret{"sandbox-hub-secret"};        ///< It signs its calls to the hub with it.
  std::int64_t seed = 1;                          ///< Of games that name none.
};

/// The other two parties of the wallet hub, for trying it out and for tests: an operator that holds
/// money, and a game server (RGS) that plays and takes webhooks. Both are in memory, each on a port
/// of its own with its control under /sandbox/. See docs/sandbox.md. Not for concurrent use.
class Sandbox {
 public:
  Sandbox(const Options& options, const Clock& clock);
  ~Sandbox();  ///< As stop().

  /// Binds both ports and serves. Errors: cannot_listen, naming host and port.
  Result<void> start();
  /// Answers what runs; calls that hang on purpose are cut after a moment. Safe to call twice.
  void stop();
  int operator_port() const;
  int rgs_port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::sandbox
