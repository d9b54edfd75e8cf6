#include "app/secret_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include "platform/crypto/random.h"
#include "platform/sql/errors.h"

namespace florin::app {
namespace {

constexpr std::size_t shortest = 16;

std::string read_key(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  std::string key = text.str();
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  return key;
}

/// Durable before it is used: what it seals would be lost with it.
bool write_key(const std::string& path, const std::string& key) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return false;
  const std::string line = key + "\n";
  const bool is_written =
      ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
      ::fsync(file) == 0;
  ::close(file);
  return is_written;
}

}  // namespace

Result<Secret> load_secret_key(const Config& config) {
  if (!config.encryption_key.empty()) return config.encryption_key;
  const std::string path = config.data_dir + "/secret.key";
  std::error_code fault;
  if (!std::filesystem::exists(path, fault)) {
    std::filesystem::create_directories(config.data_dir, fault);
    if (!write_key(path, crypto::random_hex(32)))
      return Error{sql::errors::store_unavailable, "the file " + path + " cannot be written"};
  }
  std::string key = read_key(path);
  if (key.size() < shortest) {
    return Error{errors::invalid_configuration,
                 "the file " + path + " must hold at least 16 characters, or set ENCRYPTION_KEY"};
  }
  return Secret(std::move(key));
}

}  // namespace florin::app
