#include "app/doctor/host_checks.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "access/settings.h"
#include "base/clock.h"
#include "hub/settings.h"
#include "platform/sql/temporary_folder.h"
#include "sandbox/sandbox.h"
#include "webhooks/settings.h"

namespace florin::app {
namespace {

using Entry = DoctorReport::Entry;
using State = DoctorReport::State;

class HostChecks : public testing::Test {
 protected:
  HostChecks() { config.data_dir = folder.path(); }
  /// What is said of it; an empty entry when nothing is.
  static Entry entry(const DoctorReport& report, std::string_view what) {
    for (const Entry& each : report.entries()) {
      if (each.what == what) return each;
    }
    return {};
  }
  Entry of_host(std::string_view what, const Clock& at) const {
    DoctorReport report;
    check_host(config, at, report);
    return entry(report, what);
  }
  Entry of_host(std::string_view what) const { return of_host(what, clock); }
  Entry of_settings(std::string_view what) const {
    DoctorReport report;
    check_settings(config, clock, report);
    return entry(report, what);
  }

  const SystemClock clock;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  Config config;
};

TEST_F(HostChecks, AClockBeforeThisSoftwareIsNotSet) {
  EXPECT_EQ(of_host("clock", FakeClock(Timestamp{1'735'689'599'999'999})).state, State::fault);
  EXPECT_EQ(of_host("clock", FakeClock(Timestamp{1'735'689'600'000'000})).state, State::ok);
  EXPECT_EQ(of_host("clock").state, State::ok);
}

TEST_F(HostChecks, TellOfTheMachineInOrder) {
  DoctorReport report;
  check_host(config, clock, report);
  std::vector<std::string> said;
  for (const Entry& each : report.entries()) {
    said.push_back(each.what);
    EXPECT_NE(each.found, "") << each.what;
    EXPECT_EQ(each.advice.empty(), each.state == State::ok) << each.what;
  }
  EXPECT_EQ(said, (std::vector<std::string>{"clock", "disk", "flush", "open files", "memory"}));
}

TEST_F(HostChecks, WithoutADataFolderNothingIsMeasured) {
  config.data_dir = folder.path() + "/missing";
  const Entry said = of_host("data folder");
  EXPECT_EQ(said.state, State::fault);
  EXPECT_NE(said.found.find(config.data_dir), std::string::npos) << said.found;
  EXPECT_EQ(of_host("disk").what, "");
  EXPECT_EQ(of_host("flush").what, "");
  EXPECT_EQ(of_host("memory").what, "memory") << "the rest is";
}

TEST_F(HostChecks, MeasuringAFlushLeavesNothingBehind) {
  EXPECT_NE(of_host("flush").state, State::fault);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(HostChecks, MoreConnectionsThanFilesAreDoubtful) {
  config.http.max_connections = 1;
  const Entry few = of_host("open files");
  EXPECT_NE(few.found.find("1025 are needed for 1 connections"), std::string::npos) << few.found;
  config.http.max_connections = 2'000'000'000;
  EXPECT_EQ(of_host("open files").state, State::warning);
}

TEST_F(HostChecks, PlainHttpIsForThisMachine) {
  for (const char* host : {"127.0.0.1", "::1", "localhost"}) {
    config.http.host = host;
    EXPECT_EQ(of_settings("listening").state, State::ok) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "10.1.2.3"}) {
    config.http.host = host;
    const Entry said = of_settings("listening");
    EXPECT_EQ(said.state, State::warning) << host;
    EXPECT_NE(said.found.find("without TLS"), std::string::npos) << said.found;
  }
  config.http.tls = http::TlsOptions();
  EXPECT_EQ(of_settings("listening").state, State::ok) << "with TLS";
}

TEST_F(HostChecks, ACertificateThatCannotBeLoadedIsAFault) {
  EXPECT_EQ(of_settings("TLS certificate").what, "") << "none is configured";
  config.http.tls = http::TlsOptions();
  config.http.tls->certificate_file = folder.path() + "/missing.pem";
  const Entry said = of_settings("TLS certificate");
  EXPECT_EQ(said.state, State::fault);
  EXPECT_NE(said.found.find("missing.pem"), std::string::npos) << said.found;
}

TEST_F(HostChecks, NoRateLimitIsDoubtful) {
  config.get<access::Settings>().rate_limit_per_second = 0;
  EXPECT_EQ(of_settings("rate limit").state, State::warning);
  config.get<access::Settings>().rate_limit_per_second = 50;
  EXPECT_EQ(of_settings("rate limit").state, State::ok);
  EXPECT_EQ(of_settings("rate limit").found, "50 a second for a new key");
}

TEST_F(HostChecks, TheSecretKeyIsForItsOwnerAlone) {
  const std::string path = folder.path() + "/secret.key";
  EXPECT_EQ(of_settings("secret key").state, State::warning) << "there is none";
  std::ofstream(path) << "0123456789abcdef\n";
  for (const mode_t open : {0640, 0604, 0610, 0666}) {
    ::chmod(path.c_str(), open);
    const Entry said = of_settings("secret key");
    EXPECT_EQ(said.state, State::fault) << open;
    EXPECT_NE(said.found.find("has mode 06"), std::string::npos) << said.found;
  }
  for (const mode_t closed : {0600, 0400}) {
    ::chmod(path.c_str(), closed);
    EXPECT_EQ(of_settings("secret key").state, State::ok) << closed;
  }
  ::chmod(path.c_str(), 0644);
  config.encryption_key = Secret("a key of the environment");
  EXPECT_EQ(of_settings("secret key").state, State::ok) << "the file is not used";
  EXPECT_EQ(of_settings("secret key").found.find("a key"), std::string::npos) << "never shown";
}

TEST_F(HostChecks, PublishedSecretsAreDoubtfulAndNoneIsShown) {
  const sandbox::Options published;
  for (const char* what : {"HMAC_SECRET", "OPERATOR_HMAC_SECRET", "WEBHOOK_SECRET"})
    EXPECT_EQ(of_settings(what).what, "") << what << " is not set";
  config.get<hub::Settings>().hmac_secret = published.hub_secret;
  config.get<hub::Settings>().operator_secret = published.operator_secrets.front();
  config.get<webhooks::Settings>().game_server.secret = published.webhook_secret;
  for (const char* what : {"HMAC_SECRET", "OPERATOR_HMAC_SECRET", "WEBHOOK_SECRET"})
    EXPECT_EQ(of_settings(what).state, State::warning) << what;
  config.get<hub::Settings>().hmac_secret = Secret("a secret of its own");
  EXPECT_EQ(of_settings("HMAC_SECRET").state, State::ok);
  EXPECT_EQ(of_settings("HMAC_SECRET").found, "set");
}

}  // namespace
}  // namespace florin::app
