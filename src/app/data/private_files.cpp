#include "app/data/private_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "platform/sql/errors.h"

namespace florin::app {

namespace fs = std::filesystem;

void keep_files_private() { ::umask(S_IRWXG | S_IRWXO); }

Result<void> make_private_folder(const std::string& path) {
  std::error_code fault;
  fs::create_directories(path, fault);
  if (!fault) return {};
  return Error{sql::errors::store_unavailable,
               "the folder " + path + " cannot be made: " + fault.message()};
}

bool is_writable(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

std::unique_ptr<std::ostream> private_file(const std::string& path) {
  auto out = std::make_unique<std::ofstream>(path, std::ios::binary | std::ios::trunc);
  std::error_code fault;
  // Devices and pipes ("/dev/stdout") keep what they have.
  if (*out && fs::is_regular_file(path, fault))
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, fault);
  return out;
}

}  // namespace florin::app
