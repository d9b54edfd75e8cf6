#pragma once
#include <memory>
#include <string>
#include <vector>

#include "platform/sql/database.h"
#include "platform/sql/postgres_pool.h"
#include "platform/sql/write_lane.h"

namespace florin::sql {

/// A PostgreSQL server: one lane that writes, a pool of snapshots that read.
class PostgresDatabase final : public Database {
 public:
  static Result<std::unique_ptr<Database>> open(const PostgresOptions& options);
  ~PostgresDatabase() override;

  Dialect dialect() const override { return Dialect::postgres; }
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
  explicit PostgresDatabase(const PostgresOptions& options);

  PostgresWatch watch_;  // Outlives the connections.
  PostgresPool readers_;
  PostgresPool pinger_;              // Of one: a health page must not wait for long reports.
  std::unique_ptr<WriteLane> lane_;  // Absent when read-only.
};

}  // namespace florin::sql
