#include "app/doctor.h"

#include <fmt/core.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>

#include "app/migrations.h"
#include "base/clock.h"
#include "base/try.h"
#include "platform/cache/redis.h"
#include "platform/sql/database.h"

namespace florin::app {
namespace {

constexpr std::uintmax_t low_disk_bytes = 1ull << 30;
constexpr Timestamp earliest_plausible{
    1'735'689'600'000'000};  // 2025-01-01: older means an unset clock.

/// Prints findings and remembers whether all were good.
class Report {
 public:
  void good(std::string_view what, const std::string& found) {
    fmt::print("ok     {}: {}\n", what, found);
  }
  void bad(std::string_view what, const std::string& found, std::string_view advice) {
    fmt::print("FAULT  {}: {}\n       {}\n", what, found, advice);
    well_ = false;
  }
  bool well() const { return well_; }

 private:
  bool well_ = true;
};

void check_disk(const Config& config, Report& report) {
  std::error_code fault;
  const auto space = std::filesystem::space(config.data_dir, fault);
  if (fault) {
    report.bad("data folder", config.data_dir + ": " + fault.message(),
               "Start `florin serve` once, or set data.dir to a folder that can be made.");
    return;
  }
  const std::string free = fmt::format("{} MiB free in {}", space.available >> 20, config.data_dir);
  if (space.available < low_disk_bytes) {
    report.bad("disk", free,
               "Make room: below 1 GiB a busy day can fill the disk, and then writes answer 503.");
  } else {
    report.good("disk", free);
  }
}

void check_clock(const Clock& clock, Report& report) {
  const Timestamp now = clock.now();
  if (now < earliest_plausible) {
    report.bad("clock", now.rfc3339(), "Set the host's clock (NTP): ids and times come from it.");
  } else {
    report.good("clock", now.rfc3339());
  }
}

Result<int> count_waiting(sql::Database& database) {
  int waiting = 0;
  for (const auto& state : TRY(sql::migration_states(database, all_migrations())))
    waiting += state.applied ? 0 : 1;
  return waiting;
}

void check_schema(sql::Database& database, Report& report) {
  const auto waiting = count_waiting(database);
  if (!waiting) {
    report.bad("schema", waiting.error().detail,
               "Run the florin version that wrote this database, or restore a backup.");
  } else if (*waiting > 0) {
    report.bad("schema", fmt::format("{} migrations are waiting", *waiting),
               "Run `florin migrate`; `florin serve` does so at its start.");
  } else {
    report.good("schema", "up to date");
  }
}

void check_latency(sql::Database& database, Report& report) {
  const auto start = std::chrono::steady_clock::now();
  const auto done = database.write_work([](sql::Tx&) -> Result<void> { return {}; });
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  if (!done) {
    report.bad("writing", done.error().detail,
               "Check permissions and whether another process holds the lock.");
  } else {
    report.good("writing", fmt::format("a commit took {} us", took.count()));
  }
}

void check_integrity(sql::Database& database, Report& report) {
  const auto faults = database.check_integrity();
  if (!faults) {
    report.bad("file", faults.error().detail, "Stop the server and restore a backup.");
  } else if (!faults->empty()) {
    report.bad("file", faults->front(),
               "The file is damaged: stop the server and restore a backup.");
  } else {
    report.good("file", "its structure is whole");
  }
}

void check_database(const Config& config, Report& report) {
  const std::string url = config.effective_database_url();
  constexpr std::string_view scheme = "sqlite:";
  if (url.starts_with(scheme) && !std::filesystem::exists(url.substr(scheme.size()))) {
    report.bad("database", "there is none at " + url,
               "Start `florin serve` once, or point --data or --db to where it is.");
    return;
  }
  const auto database = sql::open(url);
  if (!database) {
    report.bad("database", database.error().detail,
               "Check --data, --db and permissions; a damaged file needs a backup.");
    return;
  }
  report.good("database", config.shown_database_url());
  check_schema(**database, report);
  check_latency(**database, report);
  check_integrity(**database, report);
}

void check_cache(const Config& config, Report& report) {
  if (config.redis.host.empty()) return;
  const auto found = cache::check_redis(config.redis);
  if (!found) {
    report.bad("redis", found.error().detail,
               "Requests go on meanwhile, with rate limits per node; see docs/redis.md.");
  } else {
    report.good("redis",
                fmt::format("version {}, answers in {} us", found->version, found->round_trip_us));
  }
}

}  // namespace

bool run_doctor(const Config& config, const Clock& clock) {
  Report report;
  check_clock(clock, report);
  check_disk(config, report);
  check_database(config, report);
  check_cache(config, report);
  fmt::print("{}\n", report.well() ? "All is well." : "Something needs attention.");
  return report.well();
}

}  // namespace florin::app
