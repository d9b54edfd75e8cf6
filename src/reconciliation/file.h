#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace florin::reconciliation {

/// An open file, closed at the end. Every error is reconciliation_files_unusable and names the
/// path.
class File {
 public:
  /// A new file for reading and writing; what stood there is gone.
  static Result<File> create(const std::string& path);
  /// An existing or new file for reading and writing.
  static Result<File> open(const std::string& path);
  /// A file that must exist, for reading only.
  static Result<File> open_existing(const std::string& path);
  /// A new file that nobody else sees; gone with this object, even when the process dies.
  static Result<File> scratch(const std::string& folder);

  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  /// Writes all of it at the end of what was written or found.
  Result<void> append(std::string_view bytes);
  /// Reads at most `count` bytes at a place into `out`, replacing it; fewer at the end of the file.
  Result<void> read_at(std::int64_t place, std::size_t count, std::string& out) const;
  Result<void> truncate(std::int64_t size);
  /// Returns when the bytes are on disk.
  Result<void> sync();
  std::int64_t size() const { return size_; }
  const std::string& path() const { return path_; }

  /// Whether this object has that byte of the file for itself now: until it is gone, or its
  /// process.
  bool try_lock(std::int64_t place);

 private:
  File(int fd, std::string path, std::int64_t size);
  static Result<File> open_with(const std::string& path, int flags);
  Error failed(std::string_view what) const;

  int fd_;
  std::string path_;
  std::int64_t size_;
};

/// Writes to a temporary name beside it, syncs, and renames: a reader sees the old or the new file.
Result<void> replace_file(const std::string& path, std::string_view bytes);
Result<void> make_folder(const std::string& path);
/// Makes renames and new names in the folder durable.
Result<void> sync_folder(const std::string& path);

}  // namespace florin::reconciliation
