#include "app/certificate_watch.h"

#include "base/try.h"
#include "platform/http/errors.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace florin::app {
namespace {

constexpr std::int64_t every_ms = 5'000;
constexpr std::int64_t warned_before_us = 7LL * 86'400 * 1'000'000;

void log_new(const http::TlsSource& source) {
  log::info("TLS certificate loaded", {{"expires_at", source.state().expires_at.rfc3339()}});
}

void log_fault(const Error& fault) {
  log::error("TLS certificate not loaded; the old one stays in use", {{"detail", fault.detail}});
}

Result<std::string> watch(http::TlsSource& source, const Clock& clock, metrics::Gauge& expires) {
  const auto loaded = source.load_if_changed(clock.now());
  if (!loaded) log_fault(loaded.error());
  const http::TlsState state = source.state();
  expires.set(static_cast<double>(state.expires_at.us) / 1e6);
  if (!state.fault.empty()) return Error{http::errors::tls_not_usable, state.fault};
  if (!*loaded) return std::string();
  log_new(source);
  return "certificate loaded, expires at " + state.expires_at.rfc3339();
}

}  // namespace

jobs::Job certificate_watch(http::TlsSource& source, const Clock& clock,
                            metrics::Registry& metrics) {
  metrics::Gauge& expires = metrics.gauge("florin_tls_certificate_expires_at_seconds",
                                          "When the server's certificate expires, Unix time.");
  return {"http.reload_certificate", "Takes up new TLS certificate files.", every_ms,
          [&source, &clock, &expires] { return watch(source, clock, expires); }};
}

void reload_certificate(http::TlsSource& source, const Clock& clock) {
  const auto loaded = source.load(clock.now());
  loaded ? log_new(source) : log_fault(loaded.error());
}

modules::Health look_at_certificate(const http::TlsState& state, Timestamp now) {
  if (!state.fault.empty())
    return {modules::HealthLevel::degraded, "new TLS files are not in use: " + state.fault};
  if (state.expires_at.us - now.us < warned_before_us)
    return {modules::HealthLevel::degraded,
            "the TLS certificate expires at " + state.expires_at.rfc3339()};
  return {};
}

}  // namespace florin::app
