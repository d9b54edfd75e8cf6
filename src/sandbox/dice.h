#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace florin::sandbox {

/// Chance that can be repeated: the same seed, name and number give the same throws on every
/// machine and build, whichever thread throws first. A value; not for concurrent use.
class Dice {
 public:
  explicit Dice(std::uint64_t seed, std::string_view name = {}, std::uint64_t number = 0);

  std::uint64_t next();
  /// 0 to `count` - 1; `count` is at least 1.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  /// From 0 up to, but not including, 1.
  double fraction();
  /// True with a chance of `rate`, from 0 (never) to 1 (always).
  bool hits(double rate) { return fraction() < rate; }

 private:
  std::uint64_t state_;
};

}  // namespace florin::sandbox
