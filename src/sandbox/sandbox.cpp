#include "sandbox/sandbox.h"

#include <utility>

#include "base/try.h"
#include "platform/http/server.h"
#include "platform/jobs/delayer.h"
#include "platform/metrics/metrics.h"
#include "sandbox/operator_simulator.h"
#include "sandbox/rgs_simulator.h"

namespace florin::sandbox {
namespace {

/// Every route is public, so nobody is ever asked who they are.
class AllowAll final : public http::Authenticator {
 public:
  std::optional<http::Authentication> try_authenticate(const http::Request&,
                                                       const http::Route&) override {
    return http::Authentication{http::Caller{}};
  }
  http::Authentication authenticate(const http::Request&, const http::Route&) override {
    return {http::Caller{}};
  }
};

http::ServerOptions server_options(const std::string& host, int port) {
  http::ServerOptions options;
  options.host = host;
  options.port = port;
  // Calls that hang on purpose are not worth waiting for.
  options.drain_timeout_ms = 500;
  options.access_log = false;
  return options;
}

OperatorOptions operator_options(const Options& options) {
  return {options.operator_secrets, options.opening_balance_major, options.operator_latency_ms};
}

RgsOptions rgs_options(const Options& options) {
  RgsOptions rgs{options.webhook_secret, options.hub_secret, {}};
  rgs.play_defaults.hub_url = options.hub_url;
  rgs.play_defaults.seed = options.seed;
  return rgs;
}

}  // namespace

struct Sandbox::Impl {
  Impl(const Options& options, const Clock& clock)
      : wallet_operator(operator_options(options), delayer, clock),
        rgs(rgs_options(options), delayer, clock),
        operator_server(server_options(options.operator_host, options.operator_port),
                        wallet_operator.routes(), authenticator, clock, operator_metrics),
        rgs_server(server_options(options.rgs_host, options.rgs_port), rgs.routes(), authenticator,
                   clock, rgs_metrics) {}

  AllowAll authenticator;
  metrics::Registry operator_metrics, rgs_metrics;
  OperatorSimulator wallet_operator;
  RgsSimulator rgs;
  jobs::Delayer delayer;  ///< Ends before those whose work waits in it.
  http::Server operator_server, rgs_server;
};

Sandbox::Sandbox(const Options& options, const Clock& clock)
    : impl_(std::make_unique<Impl>(options, clock)) {}

Sandbox::~Sandbox() { stop(); }

Result<void> Sandbox::start() {
  TRY(impl_->operator_server.start());
  TRY(impl_->rgs_server.start());
  return {};
}

void Sandbox::stop() {
  impl_->rgs.break_off();
  impl_->rgs_server.stop();
  impl_->operator_server.stop();
}

int Sandbox::operator_port() const { return impl_->operator_server.port(); }

int Sandbox::rgs_port() const { return impl_->rgs_server.port(); }

}  // namespace florin::sandbox
