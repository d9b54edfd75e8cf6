#include "app/cli/sandbox_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "app/config.h"
#include "app/exposure.h"
#include "app/stop_signals.h"
#include "base/try.h"
#include "hub/partners/partners.h"
#include "platform/log/log.h"
#include "sandbox/sandbox.h"
#include "webhooks/endpoints/endpoint.h"

namespace florin::app {
namespace {

Result<void> read_address(const std::string& text, std::string& host, int& port) {
  if (text.empty()) return {};
  const auto address = parse_address(text);
  if (!address)
    return Error{address.error().code, "the address " + text + " " + address.error().detail};
  host = address->host;
  port = address->port;
  return {};
}

Result<void> read_secret(std::string_view flag, const std::string& text,
                         const SecretRule& broken_rule, Secret& secret) {
  if (text.empty()) return {};
  secret = Secret(text);
  const auto broken = broken_rule(secret);
  if (broken) return Error{errors::invalid_configuration, std::string(flag) + " " + broken->detail};
  return {};
}

Result<sandbox::Options> options_of(const SandboxFlags& flags) {
  sandbox::Options options;
  TRY(read_address(flags.operator_listen, options.operator_host, options.operator_port));
  TRY(read_address(flags.rgs_listen, options.rgs_host, options.rgs_port));
  if (!flags.hub_url.empty()) options.hub_url = flags.hub_url;
  TRY(read_secret("--secret", flags.hub_secret, hub::broken_secret_rule, options.hub_secret));
  TRY(read_secret("--operator-secret", flags.operator_secret, hub::broken_secret_rule,
                  options.operator_secrets.front()));
  TRY(read_secret("--webhook-secret", flags.webhook_secret, webhooks::broken_secret_rule,
                  options.webhook_secret));
  options.seed = flags.seed;
  options.operator_latency_ms = flags.latency_ms;
  return options;
}

void print_where(const sandbox::Options& options, const sandbox::Sandbox& sandbox) {
  const std::string wallet =
      "http://" + shown_address({options.operator_host, sandbox.operator_port()});
  const std::string rgs = "http://" + shown_address({options.rgs_host, sandbox.rgs_port()});
  fmt::print("operator at {} (our dialect under /wallet/, the EvenBet-like at /evenbet)\n", wallet);
  fmt::print("game server at {} (webhooks at {}/webhooks; plays against {})\n", rgs, rgs,
             options.hub_url);
  fmt::print(
      "\nTry:\n"
      "  curl -s --json '{{\"operation\":\"debit\",\"kind\":\"error_500\",\"times\":2}}' "
      "{}/sandbox/faults\n"
      "  curl -s --json '{{\"rounds\":100,\"seed\":{}}}' {}/sandbox/play\n",
      wallet, options.seed, rgs);
  std::fflush(stdout);
}

}  // namespace

Result<void> run_sandbox(const SandboxFlags& flags, const Clock& clock) {
  const StopSignals stop;
  const sandbox::Options options = TRY(options_of(flags));
  TRY(check_exposure(options, flags.is_public));
  sandbox::Sandbox sandbox(options, clock);
  TRY(sandbox.start());
  print_where(options, sandbox);
  stop.wait();
  log::info("stopping");
  sandbox.stop();
  return {};
}

}  // namespace florin::app
