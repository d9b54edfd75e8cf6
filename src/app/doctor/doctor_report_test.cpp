#include "app/doctor/doctor_report.h"

#include <gtest/gtest.h>

#include "platform/json/value.h"

namespace florin::app {
namespace {

TEST(DoctorReport, IsWellWithoutFindings) {
  const DoctorReport report;
  EXPECT_TRUE(report.well());
  EXPECT_EQ(report.text(), "All is well.\n");
  EXPECT_EQ(report.json(), "{\"well\":true,\"findings\":[]}\n");
}

TEST(DoctorReport, WritesALineForEachFindingAndItsAdviceBelow) {
  DoctorReport report;
  report.good("disk", "900 MiB free");
  report.doubtful("flush", "a flush takes 30000 us", "Take an SSD.");
  EXPECT_TRUE(report.well()) << "a warning is no fault";
  report.bad("clock", "1970-01-01", "Set it.");
  EXPECT_FALSE(report.well());
  EXPECT_EQ(report.text(),
            "ok     disk: 900 MiB free\n"
            "look   flush: a flush takes 30000 us\n"
            "       Take an SSD.\n"
            "FAULT  clock: 1970-01-01\n"
            "       Set it.\n"
            "Something needs attention.\n");
}

TEST(DoctorReport, StaysAFaultWhateverComesAfterIt) {
  DoctorReport report;
  report.bad("clock", "1970-01-01", "Set it.");
  report.good("disk", "900 MiB free");
  EXPECT_FALSE(report.well());
}

TEST(DoctorReport, SpeaksJsonWhateverTheTextHolds) {
  DoctorReport report;
  report.good("data folder", "/srv/\"quoted\"\\folder");
  report.doubtful("rate limit", "new keys have none", "Set one.");
  report.bad("clock", "1970-01-01", "Set it.");
  const auto document = json::parse(report.json());
  ASSERT_TRUE(document) << document.error().detail;
  EXPECT_EQ(*document->find("well"), json::Value(false));
  const json::Array& findings = *document->find("findings")->as_array();
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(*findings[0].find("state"), json::Value("ok"));
  EXPECT_EQ(*findings[0].find("found"), json::Value("/srv/\"quoted\"\\folder"));
  EXPECT_EQ(*findings[0].find("advice"), json::Value(""));
  EXPECT_EQ(*findings[1].find("state"), json::Value("warning"));
  EXPECT_EQ(*findings[1].find("advice"), json::Value("Set one."));
  EXPECT_EQ(*findings[2].find("state"), json::Value("fault"));
  EXPECT_EQ(*findings[2].find("what"), json::Value("clock"));
}

}  // namespace
}  // namespace florin::app
