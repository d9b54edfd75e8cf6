#pragma once
#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/sql/commit_head.h"
#include "platform/sql/database.h"

namespace florin::sql {

/// The files of one SQLite database, as the operating system sees them: whether they are still the
/// ones that were opened, and whether the log holds all that was committed. Safe for concurrent use
/// once it is watching; note_commit and note_copied are of one thread.
class SqliteFiles {
 public:
  /// Looks at the log before SQLite does, which takes whatever follows a damaged page for the torn
  /// end of a crash and forgets it. Another process that has the database open has looked already.
  /// Errors: wal_damaged, unless options.accept_wal_loss; store_unavailable.
  static Result<std::unique_ptr<SqliteFiles>> examine(const SqliteOptions& options);
  ~SqliteFiles();
  SqliteFiles(const SqliteFiles&) = delete;
  SqliteFiles& operator=(const SqliteFiles&) = delete;

  /// From here on these files are the ones; call it when SQLite has opened them.
  void watch();
  /// Errors: store_unavailable, naming the file that was removed or replaced since.
  Result<void> check() const;

  /// The latest commit ended behind so many pages of the log.
  void note_commit(int wal_pages);
  /// All `wal_pages` of the log are in the database file, on the disk.
  void note_copied(int wal_pages);

 private:
  struct Watched {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
  };

  SqliteFiles(std::string path, std::unique_ptr<CommitHead> head);

  const std::string path_;
  const std::unique_ptr<CommitHead> head_;  // Absent where none can be kept.
  std::vector<Watched> watched_;
  int wal_ = -1;
};

}  // namespace florin::sql
