#pragma once
#include <string>

#include "base/result.h"

namespace florin::sql {

/// A new folder, in memory where the system has such a place; gone with everything in it at the
/// end.
class TemporaryFolder {
 public:
  /// Errors: store_unavailable.
  static Result<TemporaryFolder> make();

  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path);

  std::string path_;
};

}  // namespace florin::sql
