#include "app/doctor/page_checks.h"

#include <gtest/gtest.h>

#include "app/data/open_database.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"

namespace florin::app {
namespace {

TEST(PageChecks, SayHowManyPagesMatch) {
  const SystemClock clock;
  const auto folder = *sql::TemporaryFolder::make();
  Config config;
  config.data_dir = folder.path();
  const auto database = std::move(*open_database(config, clock));
  bool was_told = false;
  const auto found = check_pages(*database, [&](std::string_view what, const sql::Done&) {
    was_told = true;
    EXPECT_EQ(what, "page checksums");
  });
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_TRUE(found->is_whole);
  EXPECT_EQ(found->text.find("ok     page checksums ("), 0U) << found->text;
  EXPECT_TRUE(was_told);
  EXPECT_TRUE(check_pages(*database, BackupProgress())) << "nobody need be told";

  DoctorReport report;
  check_pages(*database, report);
  ASSERT_EQ(report.entries().size(), 1U);
  EXPECT_EQ(report.entries().front().state, DoctorReport::State::ok);
  EXPECT_TRUE(report.entries().front().found.ends_with(" pages match"));
}

}  // namespace
}  // namespace florin::app
