#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "platform/sql/wal_scan.h"

namespace florin::sql {

/// How far commits had come, kept beside the database in "<path>-head" so that a log that lost some
/// is noticed. It is written after each commit and never flushed: it outlives the process, and
/// after a power cut it may be older than the log, never newer.
class CommitHead {
 public:
  struct Record {
    WalPoint end;                  ///< Of the latest commit.
    bool is_copied = false;        ///< All of it is in the database file, and on the disk.
    bool is_of_this_boot = false;  ///< The machine has run since: the record is the latest one.
  };

  /// Makes the file unless `read_only`; nothing when it is missing or cannot be opened.
  static std::unique_ptr<CommitHead> open(const std::string& path, bool read_only);
  ~CommitHead();
  CommitHead(const CommitHead&) = delete;
  CommitHead& operator=(const CommitHead&) = delete;

  /// Notes that this process has the database open, and tells whether no other has. The first one
  /// holds others up until it says that it has read the log.
  bool enter();
  void has_looked();

  std::optional<Record> read() const;
  void write(const WalPoint& end, bool is_copied);

 private:
  CommitHead(int file, bool read_only);

  const int file_;
  const bool is_read_only_;
  const std::uint64_t boot_;
};

}  // namespace florin::sql
