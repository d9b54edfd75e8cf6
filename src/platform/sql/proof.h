#pragma once
#include <cstdint>
#include <functional>
#include <optional>
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
  std::int64_t unkeyed = 0;      ///< Rows that were written while the key was lost;
  std::int64_t accepted = 0;     ///< those that were accepted since.
  std::vector<std::string> examples;
};

/// How far work has come.
struct Done {
  Done(std::int64_t count) : rows(count) {}  // NOLINT: implicit on purpose
  /// `part` of `whole`, in whatever they are counted; 0: nobody knows how much it is.
  Done(std::int64_t count, double part, double whole);

  std::int64_t rows;
  std::optional<int> percent;
};

/// Called now and then with the name of the running check and what is done so far.
using Progress = std::function<void(std::string_view check, Done done)>;

/// A check under way.
class Checker {
 public:
  static constexpr std::int64_t progress_step = 50'000;

  Checker(std::string name, const Progress& progress) : progress_(progress) {
    check_.name = std::move(name);
  }

  void row() {
    if (++check_.rows % progress_step == 0 && progress_)
      progress_(
          check_.name,
          Done(check_.rows, whole_is_rows_ ? static_cast<double>(check_.rows) : part_, whole_));
  }
  void rows(std::int64_t count) { check_.rows += count; }
  /// So many rows there will be. Nobody counts for this alone.
  void expect_rows(double whole) {
    whole_ = whole;
    whole_is_rows_ = true;
  }
  /// How far it is, where something else than rows tells.
  void is_at(double part, double whole) {
    part_ = part;
    whole_ = whole;
  }
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
  void unkeyed(std::int64_t rows = 1) { check_.unkeyed += rows; }
  void accepted(std::int64_t rows = 1) { check_.accepted += rows; }
  std::int64_t rows() const { return check_.rows; }
  Check finish() && { return std::move(check_); }

 private:
  static constexpr std::size_t max_examples = 100;

  const Progress& progress_;
  Check check_;
  double part_ = 0, whole_ = 0;
  bool whole_is_rows_ = false;
};

}  // namespace florin::sql
