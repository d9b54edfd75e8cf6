#include "app/cli/serve_command.h"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include "app/application.h"
#include "app/data/open_database.h"
#include "app/demo.h"
#include "app/exposure.h"
#include "app/secret_key.h"
#include "app/stop_signals.h"
#include "app/version.h"
#include "base/try.h"
#include "hub/configured_partner.h"
#include "hub/settings.h"
#include "hub/wallet_hub.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"
#include "sandbox/sandbox.h"
#include "webhooks/settings.h"

namespace florin::app {
namespace {

/// What a sandbox adds to the server.
struct Playground {
  Demo demo;
  std::string operator_url, rgs_url;
};

std::string local_url(int port) { return fmt::format("http://127.0.0.1:{}", port); }

std::string url_at(const Config& settings, const std::string& host, int port) {
  return fmt::format("{}://{}", settings.http.tls ? "https" : "http", shown_address({host, port}));
}

/// Where this machine reaches the server: the address of all its interfaces is none to call.
std::string url_of(const Config& settings, int port) {
  const std::string& host = settings.http.host;
  if (host == "0.0.0.0") return url_at(settings, "127.0.0.1", port);
  return url_at(settings, host == "::" ? "::1" : host, port);
}

/// On their usual ports, or on free ones when somebody has those: several sandboxes may run.
Result<std::unique_ptr<sandbox::Sandbox>> start_simulators(const Config& settings,
                                                           const Clock& clock) {
  sandbox::Options options;
  options.operator_secrets = {settings.get<hub::Settings>().operator_secret};
  options.hub_url = url_of(settings, settings.http.port);
  options.hub_secret = settings.get<hub::Settings>().hmac_secret;
  options.webhook_secret = settings.get<webhooks::Settings>().game_server.secret;
  auto simulators = std::make_unique<sandbox::Sandbox>(options, clock);
  if (simulators->start()) return simulators;
  options.operator_port = options.rgs_port = 0;
  simulators = std::make_unique<sandbox::Sandbox>(options, clock);
  TRY(simulators->start());
  return simulators;
}

/// What is not configured in a sandbox gets the values that the simulators know.
void fill_in_secrets(Config& settings) {
  const sandbox::Options usual = sandbox_secrets(settings);
  auto& hub = settings.get<hub::Settings>();
  auto& webhooks = settings.get<webhooks::Settings>();
  if (hub.hmac_secret.empty()) hub.hmac_secret = usual.hub_secret;
  if (hub.operator_secret.empty()) {
    hub.operator_secret =
        hub.operator_base_url.empty() ? usual.operator_secrets.front() : hub.hmac_secret;
  }
  if (webhooks.game_server.secret.empty()) webhooks.game_server.secret = usual.webhook_secret;
  // What is tried out in a sandbox runs on the same machine.
  for (auto* allowed : {&webhooks.allowed_hosts, &hub.allowed_hosts}) {
    if (allowed->empty() && !settings.is_public_sandbox) *allowed = {"127.0.0.1", "localhost"};
  }
}

/// The partner whose players' money the simulated Operator holds.
hub::Settings demo_operator(const Config& settings, const std::string& url) {
  hub::Settings config;
  config.hmac_secret = settings.get<hub::Settings>().hmac_secret;
  config.operator_base_url = url;
  config.operator_secret = settings.get<hub::Settings>().operator_secret;
  config.operator_rate_per_minute = 0;
  return config;
}

Result<Playground> prepare_playground(Application& application, sql::Database& database,
                                      const Config& settings, const sandbox::Sandbox& simulators) {
  Core& core = application.core();
  Playground playground{TRY(prepare_demo(core, database, settings.data_dir)),
                        local_url(simulators.operator_port()), local_url(simulators.rgs_port())};
  application.scheduler().add(demo_trickle(core, playground.demo.tenant));
  TRY(hub::ensure_configured_partner(core.get<hub::Hub>().partners(), playground.demo.tenant,
                                     "operator-demo",
                                     demo_operator(settings, playground.operator_url)));
  return playground;
}

void print_welcome(const Config& settings, int port) {
  fmt::print("florin {} listens on {}\n", version, url_at(settings, settings.http.host, port));
  fmt::print("data in {}; API reference at {}/docs\n", settings.shown_database_url(),
             url_of(settings, port));
}

void print_playground(const Config& settings, const std::string& url,
                      const Playground& playground) {
  fmt::print(
      "\nSandbox: tenant demo, API key {0}\n(also in {1}/demo.json)\n"
      "Simulated game server at {3}, operator at {4}; partners \"default\" (wallets in our ledger) "
      "and\n"
      "\"operator-demo\" (at the operator).\n\nTry:\n  curl -s {2}/v1/accounts -H 'Authorization: "
      "Bearer {0}'\n"
      "  curl -s --json '{{\"hub_url\":\"{2}\",\"rounds\":50}}' {3}/sandbox/play\n",
      playground.demo.api_key, settings.data_dir, url, playground.rgs_url, playground.operator_url);
}

/// The one time that they are shown: the next start makes others.
void print_secrets(const Config& settings) {
  fmt::print(
      "\nIts secrets (HMAC_SECRET, OPERATOR_HMAC_SECRET, WEBHOOK_SECRET), generated at each start "
      "where they are not set:\n  partners sign with {}\n  callers of the operator sign with {}\n"
      "  webhooks are signed with {}\n",
      settings.get<hub::Settings>().hmac_secret.reveal(),
      settings.get<hub::Settings>().operator_secret.reveal(),
      settings.get<webhooks::Settings>().game_server.secret.reveal());
}

StopSignals::Hangup hangup_for(const Config& settings) {
  return settings.http.tls ? StopSignals::Hangup::reloads : StopSignals::Hangup::ends;
}

void run_until_stopped(Application& application, const StopSignals& stop, const Config& settings) {
  stop.wait([&application] { application.reload_certificate(); });
  log::info("stopping");
  application.begin_to_leave();
  stop.wait_for(std::chrono::milliseconds(settings.drain_delay_ms));
  application.stop();
  log::info("stopped");
}

}  // namespace

Result<void> run_server(Config settings, const Clock& clock, const Opening& opening) {
  TRY(check_combination(settings));
  TRY(check_exposure(settings));
  const StopSignals stop(hangup_for(settings));
  const auto database = TRY(open_database(settings, clock, opening));
  std::unique_ptr<sandbox::Sandbox> simulators;
  if (settings.sandbox) {
    fill_in_secrets(settings);
    auto& game_server = settings.get<webhooks::Settings>().game_server;
    simulators = TRY(start_simulators(settings, clock));
    if (game_server.url.empty()) game_server.url = local_url(simulators->rgs_port()) + "/webhooks";
  }
  const Secret key = TRY(load_secret_key(settings, TRY(key_file_of(*database, opening))));
  if (key.empty()) log::error("the secret key is lost: secrets in the database cannot be used");
  Application application(*database, clock, settings, key);
  TRY(application.join([] { ::kill(::getpid(), SIGTERM); }));
  TRY(application.prepare());
  std::optional<Playground> playground;
  if (simulators)
    playground = TRY(prepare_playground(application, *database, settings, *simulators));
  TRY(check_exposure(settings, application.core().get<hub::Hub>().partners()));
  TRY(application.start());
  print_welcome(settings, application.port());
  if (playground) {
    print_playground(settings, url_of(settings, application.port()), *playground);
    if (settings.is_public_sandbox) print_secrets(settings);
  } else {
    fmt::print("Make an API key with: florin keys create --name NAME\n");
  }
  std::fflush(stdout);
  run_until_stopped(application, stop, settings);
  return {};
}

}  // namespace florin::app
