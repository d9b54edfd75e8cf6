#pragma once
#include <memory>
#include <string>
#include <vector>

#include "platform/sql/checkpointer.h"
#include "platform/sql/database.h"
#include "platform/sql/reader_pool.h"
#include "platform/sql/sqlite_files.h"
#include "platform/sql/temporary_folder.h"
#include "platform/sql/write_lane.h"

namespace florin::sql {

/// A SQLite file: one lane that writes, a pool of snapshots that read, a thread that checkpoints.
class SqliteDatabase final : public Database {
 public:
  static Result<std::unique_ptr<Database>> open(SqliteOptions options);
  ~SqliteDatabase() override;

  Dialect dialect() const override { return Dialect::sqlite; }
  void submit(Work work, Done done, Undo undo) override;
  Result<void> read_work(const Work& work) override;
  WriteStats write_stats() const override;
  Result<void> ping() override;
  Result<std::vector<std::string>> check_integrity() override;
  Result<PageReport> check_pages(const PageProgress& progress) override;

 private:
  void hand_to_writer(const Sealer* sealer) override {
    if (lane_) lane_->seal_with(sealer);
  }
  explicit SqliteDatabase(const SqliteOptions& options);
  Result<void> start_writing(const SqliteOptions& options);

  void close_log();

  const SqliteOptions options_;
  std::string file_name_;  // As SQLite has it; set where there is a writer.
  // Destroyed from the end: the lane stops before its checkpointer goes, the folder goes last.
  std::unique_ptr<TemporaryFolder> folder_;  // Of a database in memory.
  std::unique_ptr<SqliteFiles> files_;
  std::unique_ptr<SqliteConnection> last_;  // The checkpointer's, which closes after all others.
  ReaderPool readers_;
  ReaderPool pinger_;                // Of one: a health page must not wait for long reports.
  std::unique_ptr<WriteLane> lane_;  // Absent when read-only.
  std::unique_ptr<Checkpointer> checkpointer_;
};

}  // namespace florin::sql
