#pragma once
#include <string>

#include "platform/sql/database.h"

namespace florin::sql {

/// What the rows of both engines share: a reader of one column, which has no error to return, may
/// refuse the row. The query then ends with store_corrupt, whatever its visitor returns.
class RefusableRow : public Row {
 public:
  void refuse(std::string detail) const {
    if (refusal_.empty()) refusal_ = std::move(detail);
  }
  /// Empty: it was not refused.
  const std::string& refusal() const { return refusal_; }

 protected:
  ~RefusableRow() = default;

 private:
  mutable std::string refusal_;
};

}  // namespace florin::sql
