#include "app/doctor/postgres_checks.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "app/doctor/doctor.h"
#include "base/clock.h"
#include "platform/sql/temporary_folder.h"

namespace florin::app {
namespace {

using State = DoctorReport::State;

State state_in(const DoctorReport& report, std::string_view what) {
  for (const auto& entry : report.entries()) {
    if (entry.what != what) continue;
    EXPECT_EQ(entry.advice.empty(), entry.state == State::ok) << what;
    return entry.state;
  }
  ADD_FAILURE() << "nothing was said of " << what << "\n" << report.text();
  return State::fault;
}

PostgresFacts good_facts() {
  PostgresFacts facts;
  facts.user = "florin";
  facts.may_make_tables = true;
  facts.archives = true;
  facts.connections = 97;
  facts.pool_size = 8;
  return facts;
}

State state_of(std::string_view what, const PostgresFacts& facts) {
  DoctorReport report;
  judge(facts, report);
  return state_in(report, what);
}

TEST(PostgresChecks, FindNothingWrongWhereNothingIs) {
  DoctorReport report;
  judge(good_facts(), report);
  for (const auto& entry : report.entries()) EXPECT_EQ(entry.state, State::ok) << entry.what;
}

TEST(PostgresChecks, TellOfARoleThatMayTooLittleOrTooMuch) {
  PostgresFacts facts = good_facts();
  facts.forbidden_table = "transfers";
  EXPECT_EQ(state_of("privileges", facts), State::fault);
  facts.may_make_tables = false;
  EXPECT_EQ(state_of("privileges", facts), State::fault);
  facts.passes_walls = true;
  EXPECT_EQ(state_of("wall between tenants", facts), State::warning);
}

TEST(PostgresChecks, TellOfPagesWithoutChecksums) {
  PostgresFacts facts = good_facts();
  EXPECT_EQ(state_of("page checksums", facts), State::ok);
  facts.has_checksums = false;
  EXPECT_EQ(state_of("page checksums", facts), State::warning);
}

TEST(PostgresChecks, TellOfWhatAPowerCutWouldTake) {
  PostgresFacts facts = good_facts();
  facts.waits_for_commit = false;
  EXPECT_EQ(state_of("durability", facts), State::warning);
  facts.is_durable = false;
  EXPECT_EQ(state_of("durability", facts), State::warning);
  facts.archives = false;
  EXPECT_EQ(state_of("archive", facts), State::warning);
}

TEST(PostgresChecks, CountTheConnectionsOfAllNodes) {
  PostgresFacts facts = good_facts();
  facts.nodes = 9;  // Ten connections each: eight that read, one that writes, one that looks.
  EXPECT_EQ(state_of("connections", facts), State::ok);
  facts.nodes = 10;
  EXPECT_EQ(state_of("connections", facts), State::warning);
}

TEST(PostgresChecks, TellOfADatabaseThatIsFarAway) {
  PostgresFacts facts = good_facts();
  facts.answer_us = 400;
  EXPECT_EQ(state_of("latency", facts), State::ok);
  facts.answer_us = 40'000;
  EXPECT_EQ(state_of("latency", facts), State::warning);
}

TEST(PostgresChecks, WantVerifiedTlsOverANetwork) {
  PostgresFacts facts = good_facts();
  facts.is_same_machine = false;
  EXPECT_EQ(state_of("TLS to the database", facts), State::warning);
  facts.is_encrypted = true;
  EXPECT_EQ(state_of("TLS to the database", facts), State::ok);
  facts.is_server_verified = false;
  EXPECT_EQ(state_of("TLS to the database", facts), State::warning);
}

TEST(PostgresChecks, TellOfProgramsThatAreMissing) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/no/such/folder::/neither/is/this", 1);
  DoctorReport report;
  check_postgres_tools(report);
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(state_in(report, "backup"), State::warning);
}

TEST(PostgresChecks, ADatabaseWhoseClockDiffersIsAFault) {
  const char* url = std::getenv("FLORIN_TEST_POSTGRES");
  if (!url) GTEST_SKIP() << "FLORIN_TEST_POSTGRES names no server";
  const auto folder = *sql::TemporaryFolder::make();
  Config config;
  config.data_dir = folder.path();
  config.database_url = url;
  const SystemClock clock;
  EXPECT_EQ(state_in(examine(config, clock), "database's clock"), State::ok);
  const FakeClock behind(clock.now().plus_seconds(-60));
  EXPECT_EQ(state_in(examine(config, behind), "database's clock"), State::fault);
}

}  // namespace
}  // namespace florin::app
