#pragma once
#include "base/clock.h"
#include "platform/http/tls.h"
#include "platform/jobs/scheduler.h"
#include "platform/modules/module.h"

namespace florin::metrics {
class Registry;
}

namespace florin::app {

/// Takes up new certificate files some seconds after they were written, and keeps the gauge
/// florin_tls_certificate_expires_at_seconds. A fault in them fails the job until it is mended.
jobs::Job certificate_watch(http::TlsSource& source, const Clock& clock,
                            metrics::Registry& metrics);

/// Reads the files now, whatever their times, and logs what came of it.
void reload_certificate(http::TlsSource& source, const Clock& clock);

/// Degraded while new files are not usable, and during the last week of the certificate.
modules::Health look_at_certificate(const http::TlsState& state, Timestamp now);

}  // namespace florin::app
