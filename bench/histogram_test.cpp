#include "bench/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace florin::bench {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0);
  EXPECT_EQ(histogram.percentile_ns(99), 0);
}

TEST(Histogram, KeepsShortDurationsExactly) {
  Histogram histogram;
  for (int ns = 1; ns <= 100; ++ns) histogram.record(ns);
  EXPECT_EQ(histogram.percentile_ns(50), 50);
  EXPECT_EQ(histogram.percentile_ns(99), 99);
  EXPECT_EQ(histogram.percentile_ns(100), 100);
  EXPECT_DOUBLE_EQ(histogram.mean_ns(), 50.5);
}

TEST(Histogram, PercentilesAreAtMostEightTenthsOfAPercentAboveTheSortedSamples) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> latency(13, 2);
  Histogram histogram;
  std::vector<std::int64_t> samples;
  for (int i = 0; i < 100'000; ++i) {
    samples.push_back(static_cast<std::int64_t>(latency(random)));
    histogram.record(samples.back());
  }
  std::sort(samples.begin(), samples.end());
  for (const double percent : {0.1, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const double rank = std::ceil(static_cast<double>(samples.size()) * percent / 100);
    const std::int64_t exact = samples[static_cast<std::size_t>(rank) - 1];
    EXPECT_GE(histogram.percentile_ns(percent), exact) << percent;
    EXPECT_LE(static_cast<double>(histogram.percentile_ns(percent)),
              1.008 * static_cast<double>(exact))
        << percent;
  }
}

TEST(Histogram, WhatIsBeyondItsRangeIsCountedAndTheMaximumExact) {
  Histogram histogram;
  histogram.record(200'000'000'000);
  histogram.record(-5);
  EXPECT_EQ(histogram.count(), 2);
  EXPECT_EQ(histogram.max_ns(), 200'000'000'000);
  EXPECT_EQ(histogram.percentile_ns(50), 0);
}

TEST(Histogram, AddsUp) {
  Histogram a, b;
  a.record(10);
  b.record(30);
  b.record(2'000'000);
  a.add(b);
  EXPECT_EQ(a.count(), 3);
  EXPECT_EQ(a.percentile_ns(50), 30);
  EXPECT_EQ(a.max_ns(), 2'000'000);
}

}  // namespace
}  // namespace florin::bench
