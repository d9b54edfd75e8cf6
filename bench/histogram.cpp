#include "bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace florin::bench {

std::size_t Histogram::bucket_of(std::int64_t duration_ns) {
  constexpr std::int64_t longest = (std::int64_t{1} << max_bits) - 1;
  const auto value = static_cast<std::uint64_t>(std::clamp<std::int64_t>(duration_ns, 0, longest));
  // Below 2^linear_bits every value has its own bucket; above, the leading bits choose the power
  // of two and the next linear_bits the bucket in it.
  const int power = std::max(0, static_cast<int>(std::bit_width(value)) - linear_bits - 1);
  return (static_cast<std::size_t>(power) << linear_bits) + (value >> power);
}

std::int64_t Histogram::upper_bound_of(std::size_t bucket) {
  constexpr std::size_t width = std::size_t{1} << linear_bits;
  if (bucket < 2 * width) return static_cast<std::int64_t>(bucket);
  const std::size_t power = (bucket >> linear_bits) - 1;
  const std::size_t leading = bucket - (power << linear_bits);
  return static_cast<std::int64_t>(((leading + 1) << power) - 1);
}

void Histogram::record(std::int64_t duration_ns) {
  counts_[bucket_of(duration_ns)] += 1;
  count_ += 1;
  max_ns_ = std::max(max_ns_, duration_ns);
  sum_ns_ += static_cast<double>(duration_ns);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
  sum_ns_ += other.sum_ns_;
}

double Histogram::mean_ns() const {
  return count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_);
}

std::int64_t Histogram::percentile_ns(double percent) const {
  const auto wanted =
      static_cast<std::int64_t>(std::ceil(static_cast<double>(count_) * percent / 100));
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    seen += counts_[i];
    if (seen >= std::max<std::int64_t>(wanted, 1)) return std::min(upper_bound_of(i), max_ns_);
  }
  return max_ns_;
}

}  // namespace florin::bench
