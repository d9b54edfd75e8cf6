#include "platform/sql/proof.h"

#include <algorithm>

namespace florin::sql {

Done::Done(std::int64_t count, double part, double whole) : rows(count) {
  if (whole <= 0) return;
  percent = static_cast<int>(100 * std::clamp(part / whole, 0.0, 1.0));
}

}  // namespace florin::sql
