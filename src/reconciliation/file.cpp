#include "reconciliation/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/try.h"
#include "reconciliation/errors.h"

namespace florin::reconciliation {
namespace {

Error unusable(const std::string& path, std::string_view what, int fault) {
  return {errors::reconciliation_files_unusable,
          path + " cannot be " + std::string(what) + ": " + std::strerror(fault)};
}

}  // namespace

File::File(int fd, std::string path, std::int64_t size)
    : fd_(fd), path_(std::move(path)), size_(size) {}

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), size_(other.size_) {}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  std::swap(size_, other.size_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<File> File::open_with(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), O_CLOEXEC | flags, 0600);
  if (fd < 0) return unusable(path, "opened", errno);
  struct stat state {};
  ::fstat(fd, &state);
  return File(fd, path, state.st_size);
}

Result<File> File::create(const std::string& path) {
  return open_with(path, O_RDWR | O_CREAT | O_TRUNC);
}
Result<File> File::open(const std::string& path) { return open_with(path, O_RDWR | O_CREAT); }
Result<File> File::open_existing(const std::string& path) { return open_with(path, O_RDONLY); }

Result<File> File::scratch(const std::string& folder) {
  std::string path = folder + "/spill-XXXXXX";
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return unusable(path, "opened", errno);
  ::unlink(path.c_str());
  return File(fd, path, 0);
}

Error File::failed(std::string_view what) const { return unusable(path_, what, errno); }

Result<void> File::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd_, bytes.data(), bytes.size(), size_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("written");
    size_ += count;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> File::read_at(std::int64_t place, std::size_t count, std::string& out) const {
  out.resize(count);
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got =
        ::pread(fd_, out.data() + done, count - done, place + static_cast<std::int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  out.resize(done);
  return {};
}

Result<void> File::truncate(std::int64_t size) {
  if (::ftruncate(fd_, size) != 0) return failed("cut");
  size_ = size;
  return {};
}

Result<void> File::sync() {
  if (::fsync(fd_) != 0) return failed("synced");
  return {};
}

bool File::try_lock(std::int64_t place) {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = place;
  range.l_len = 1;
  return ::fcntl(fd_, F_OFD_SETLK, &range) == 0;
}

Result<void> replace_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  {
    File file = TRY(File::create(temporary));
    TRY(file.append(bytes));
    TRY(file.sync());
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return unusable(path, "renamed", errno);
  return sync_folder(std::filesystem::path(path).parent_path().string());
}

Result<void> make_folder(const std::string& path) {
  std::error_code fault;
  std::filesystem::create_directories(path, fault);
  if (fault) return unusable(path, "made", fault.value());
  return {};
}

Result<void> sync_folder(const std::string& path) {
  const int fd = ::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return unusable(path, "opened", errno);
  const int outcome = ::fsync(fd);
  ::close(fd);
  if (outcome != 0) return unusable(path, "synced", errno);
  return {};
}

}  // namespace florin::reconciliation
