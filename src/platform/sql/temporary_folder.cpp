#include "platform/sql/temporary_folder.h"

#include <fmt/core.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "platform/sql/errors.h"

namespace florin::sql {

Result<TemporaryFolder> TemporaryFolder::make() {
  std::error_code ignored;
  const std::filesystem::path memory = "/dev/shm";
  const bool has_memory = ::access(memory.c_str(), W_OK | X_OK) == 0;
  const auto parent = has_memory ? memory : std::filesystem::temp_directory_path(ignored);
  std::string path = (parent / "florin-XXXXXX").string();
  if (::mkdtemp(path.data()) != nullptr) return TemporaryFolder(std::move(path));
  return Error{errors::store_unavailable,
               fmt::format("cannot make a temporary folder in {}", parent.string())};
}

TemporaryFolder::TemporaryFolder(std::string path) : path_(std::move(path)) {}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace florin::sql
