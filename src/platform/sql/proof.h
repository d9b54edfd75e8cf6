#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace florin::sql {

/// One thing that was checked, over how many rows, and what was found wrong (at most 100 sentences
/// kept). What could not be checked is no fault, but no proof either.
struct Check {
  std::string name;
  std::int64_t rows = 0;
  std::int64_t faults = 0;
  std::int64_t not_covered = 0;  ///< Rows that were written without a key.
  std::int64_t other_key = 0;    ///< Rows that were sealed with a key that is not here.
  std::vector<std::string> examples;
};

/// Called now and then with the name of the running check and the rows done so far.
using Progress = std::function<void(std::string_view check, std::int64_t rows)>;

/// A check under way.
class Checker {
 public:
  Checker(std::string name, const Progress& progress) : progress_(progress) {
    check_.name = std::move(name);
  }

  void row() {
    if (++check_.rows % progress_step == 0 && progress_) progress_(check_.name, check_.rows);
  }
  void rows(std::int64_t count) { check_.rows += count; }
  void fault(std::string sentence) {
    ++check_.faults;
    if (check_.examples.size() < max_examples) check_.examples.push_back(std::move(sentence));
  }
  template <class Sentence>
  void expect(bool holds, const Sentence& sentence) {
    if (!holds) fault(sentence());
  }
  void not_covered(std::int64_t rows = 1) { check_.not_covered += rows; }
  void other_key(std::int64_t rows = 1) { check_.other_key += rows; }
  std::int64_t rows() const { return check_.rows; }
  Check finish() && { return std::move(check_); }

 private:
  static constexpr std::size_t max_examples = 100;
  static constexpr std::int64_t progress_step = 50'000;

  const Progress& progress_;
  Check check_;
};

}  // namespace florin::sql
