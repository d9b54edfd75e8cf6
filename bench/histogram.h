#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace florin::bench {

/// Counts durations in log-linear buckets, as HdrHistogram does: 128 buckets to each power of two,
/// so that a percentile read from it is at most 0.8 % above the duration measured. From 1 ns to 68
/// s; what is longer counts as 68 s, and `max()` is exact.
class Histogram {
 public:
  void record(std::int64_t duration_ns);
  void add(const Histogram& other);

  std::int64_t count() const { return count_; }
  std::int64_t max_ns() const { return max_ns_; }
  double mean_ns() const;
  /// The duration that `percent` per cent of the samples do not exceed; 0 when there is none.
  std::int64_t percentile_ns(double percent) const;

 private:
  static constexpr int linear_bits = 7;
  static constexpr int max_bits = 36;
  static constexpr std::size_t buckets = std::size_t{max_bits - linear_bits + 1} << linear_bits;

  static std::size_t bucket_of(std::int64_t duration_ns);
  static std::int64_t upper_bound_of(std::size_t bucket);

  std::array<std::int64_t, buckets> counts_{};
  std::int64_t count_ = 0;
  std::int64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace florin::bench
