#include "app/certificate_watch.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/cli/tool.h"
#include "platform/http/errors.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/temporary_folder.h"

namespace florin::app {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t day_s = 86'400;

/// A certificate in files, in use, and the job that watches them.
class CertificateWatch : public testing::Test {
 protected:
  CertificateWatch() {
    write_files(30);
    EXPECT_TRUE(source.load(clock.now()));
    first_expiry = source.state().expires_at;
  }
  http::TlsOptions options() const {
    http::TlsOptions made;
    made.certificate_file = folder.path() + "/server.pem";
    made.key_file = folder.path() + "/server.key";
    return made;
  }
  /// A new certificate and key in place of those that are there.
  void write_files(int days) const {
    const auto made = run_tool(
        {"sh", "-c",
         fmt::format("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                     "-subj /CN=127.0.0.1 -days {0} -keyout {1}/server.key -out {1}/server.pem "
                     "2> {1}/openssl.log",
                     days, folder.path())},
        {});
    ASSERT_TRUE(made) << made.error().detail;
  }
  void break_certificate() const { std::ofstream(options().certificate_file) << "no certificate"; }
  Result<std::string> run() { return job.run(); }
  double gauge() { return metrics.gauge("florin_tls_certificate_expires_at_seconds", "").value(); }

  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  const SystemClock clock;
  metrics::Registry metrics;
  http::TlsSource source{options()};
  const jobs::Job job = certificate_watch(source, clock, metrics);
  Timestamp first_expiry;
};

TEST_F(CertificateWatch, HasNothingToDoWhileTheFilesStay) {
  const auto done = run();
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(*done, "");
  EXPECT_EQ(gauge(), static_cast<double>(first_expiry.us) / 1e6);
  EXPECT_FALSE(job.alone) << "each node has files of its own";
}

TEST_F(CertificateWatch, TakesUpARenewedCertificateOnce) {
  write_files(90);
  const auto done = run();
  ASSERT_TRUE(done) << done.error().detail;
  const Timestamp renewed = source.state().expires_at;
  EXPECT_GT(renewed.us, first_expiry.us);
  EXPECT_EQ(*done, "certificate loaded, expires at " + renewed.rfc3339());
  EXPECT_EQ(gauge(), static_cast<double>(renewed.us) / 1e6);
  EXPECT_EQ(*run(), "");
}

TEST_F(CertificateWatch, FailsUntilABrokenFileIsMended) {
  const auto in_use = source.current();
  break_certificate();
  for (int run_number = 1; run_number <= 2; ++run_number) {
    const auto failed = run();
    ASSERT_FALSE(failed) << run_number;
    EXPECT_EQ(failed.error().code, http::errors::tls_not_usable);
    EXPECT_NE(failed.error().detail.find("server.pem"), std::string::npos) << failed.error().detail;
  }
  EXPECT_EQ(source.current(), in_use) << "the old one stays in use";
  EXPECT_EQ(gauge(), static_cast<double>(first_expiry.us) / 1e6);
  write_files(60);
  EXPECT_TRUE(run());
  EXPECT_EQ(source.state().fault, "");
  EXPECT_NE(source.current(), in_use);
}

TEST_F(CertificateWatch, FailsWhileAFileIsMissingOrBelongsToAnother) {
  const auto in_use = source.current();
  fs::remove(options().key_file);
  EXPECT_FALSE(run()) << "no key";
  write_files(30);
  EXPECT_TRUE(run());
  const auto again = source.current();
  fs::copy_file(options().key_file, folder.path() + "/old.key");
  write_files(30);
  fs::rename(folder.path() + "/old.key", options().key_file);
  EXPECT_FALSE(run()) << "the key of the one before";
  EXPECT_EQ(source.current(), again);
  EXPECT_NE(again, in_use);
}

TEST_F(CertificateWatch, IsReadAtOnceWhenAskedTo) {
  const auto in_use = source.current();
  reload_certificate(source, clock);
  EXPECT_NE(source.current(), in_use) << "whatever the times of its files";
  const auto reloaded = source.current();
  break_certificate();
  reload_certificate(source, clock);
  EXPECT_EQ(source.current(), reloaded);
  EXPECT_NE(source.state().fault, "");
}

TEST_F(CertificateWatch, HealthIsDegradedByAFaultAndInTheLastWeek) {
  const auto level = [&](const http::TlsState& state, std::int64_t seconds_before) {
    return look_at_certificate(state, state.expires_at.plus_seconds(-seconds_before));
  };
  http::TlsState state = source.state();
  EXPECT_EQ(level(state, 7 * day_s).level, modules::HealthLevel::healthy);
  EXPECT_EQ(level(state, 7 * day_s).reason, "");
  const modules::Health soon = level(state, 7 * day_s - 1);
  EXPECT_EQ(soon.level, modules::HealthLevel::degraded);
  EXPECT_EQ(soon.reason, "the TLS certificate expires at " + state.expires_at.rfc3339());
  state.fault = "server.pem is no PEM";
  const modules::Health broken = level(state, 30 * day_s);
  EXPECT_EQ(broken.level, modules::HealthLevel::degraded);
  EXPECT_EQ(broken.reason, "new TLS files are not in use: server.pem is no PEM");
}

}  // namespace
}  // namespace florin::app
