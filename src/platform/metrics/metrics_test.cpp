#include "platform/metrics/metrics.h"

#include <gtest/gtest.h>

namespace florin::metrics {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return text.find(line + "\n") != std::string::npos;
}

TEST(Metrics, SameNameAndLabelsAreOneObject) {
  Registry registry;
  Counter& a = registry.counter("florin_test_things_total", "Things.", {{"kind", "a"}});
  Counter& again = registry.counter("florin_test_things_total", "Things.", {{"kind", "a"}});
  Counter& b = registry.counter("florin_test_things_total", "Things.", {{"kind", "b"}});
  EXPECT_EQ(&a, &again);
  EXPECT_NE(&a, &b);
}

TEST(Metrics, ExposesPrometheusText) {
  Registry registry;
  registry.counter("florin_test_things_total", "Things.", {{"kind", "a"}}).add(3);
  registry.gauge("florin_test_level", "Level.").set(2.5);
  registry.histogram("florin_test_seconds", "Time.", {0.1, 1}).observe(0.5);
  const std::string text = registry.expose();
  EXPECT_TRUE(has_line(text, "# TYPE florin_test_things_total counter"));
  EXPECT_TRUE(has_line(text, "florin_test_things_total{kind=\"a\"} 3"));
  EXPECT_TRUE(has_line(text, "florin_test_level 2.5"));
  EXPECT_TRUE(has_line(text, "florin_test_seconds_bucket{le=\"0.1\"} 0"));
  EXPECT_TRUE(has_line(text, "florin_test_seconds_bucket{le=\"1\"} 1"));
  EXPECT_TRUE(has_line(text, "florin_test_seconds_count 1"));
}

TEST(Metrics, LatencyBucketsGrow) {
  const auto buckets = latency_buckets();
  EXPECT_TRUE(std::is_sorted(buckets.begin(), buckets.end()));
}

}  // namespace
}  // namespace florin::metrics
