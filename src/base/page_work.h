#pragma once
#include <algorithm>

namespace florin {

/// How many rows a page of a filtered list reads. Once it is full it continues until it knows
/// whether another row passes the filters, so that "has_more" is true: a page that only this bound
/// has ended does not know, and says that there is more.
class PageWork {
 public:
  struct Bounds {
    int rows = 100'000;
    int rows_behind = 10'000;  ///< Once the page is full.
  };

  explicit PageWork(int limit) : PageWork(limit, Bounds()) {}
  PageWork(int limit, Bounds bounds)
      : room_(limit), left_(bounds.rows), behind_(bounds.rows_behind) {}

  /// Whether the page reads another row.
  bool look() { return left_-- > 0; }
  /// A row that is skipped without being compared.
  void pass() { left_ = std::max(left_ - 1, 0); }
  /// Whether a row that passes the filters is on this page. False: it is the first of the next.
  bool take() {
    if (room_ == 0) return false;
    if (--room_ == 0) left_ = std::min(left_, behind_);
    return true;
  }

 private:
  int room_, left_, behind_;
};

}  // namespace florin
