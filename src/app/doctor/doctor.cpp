#include "app/doctor/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

#include "app/core.h"
#include "app/data/open_database.h"
#include "app/doctor/host_checks.h"
#include "app/doctor/page_checks.h"
#include "app/doctor/postgres_checks.h"
#include "app/doctor/schema_check.h"
#include "app/doctor/service_checks.h"
#include "app/modules.h"
#include "app/secret_key.h"
#include "base/clock.h"
#include "base/try.h"
#include "cluster/agreed_clock.h"
#include "cluster/nodes.h"
#include "cluster/process_identity.h"
#include "hub/wallet_hub.h"
#include "platform/cache/redis.h"
#include "platform/crypto/seal_key.h"
#include "platform/kafka/kafka.h"
#include "platform/sql/database.h"
#include "platform/sql/postgres_url.h"
#include "relay/settings.h"

namespace florin::app {
namespace {

constexpr int kafka_patience_ms = 5'000;

constexpr sql::Query sqlite_version{"doctor.sqlite_version",
                                    "SELECT 'SQLite ' || sqlite_version()"};
constexpr sql::Query postgres_version{"doctor.postgres_version",
                                      "SELECT 'PostgreSQL ' || current_setting('server_version')"};
bool is_postgres(const sql::Database& database) {
  return database.dialect() == sql::Dialect::postgres;
}

Result<int> count_waiting(sql::Database& database) {
  int waiting = 0;
  for (const auto& state : TRY(sql::migration_states(database, all_migrations())))
    waiting += state.applied ? 0 : 1;
  return waiting;
}

void check_objects(sql::Database& database, DoctorReport& report) {
  const auto faults = schema_faults(database);
  if (!faults) return report.bad("schema", faults.error().detail, "See what the database logs.");
  if (faults->empty()) return report.good("schema", "up to date");
  report.bad("schema", fmt::format("{}", fmt::join(*faults, "; ")),
             "Something else than florin changed it: find out what, and see \"A changed schema\" "
             "in docs/runbook.md.");
}

void check_schema(sql::Database& database, DoctorReport& report) {
  const auto waiting = count_waiting(database);
  if (!waiting) {
    report.bad("schema", waiting.error().detail,
               "Run the florin version that wrote this database, or restore a backup.");
  } else if (*waiting > 0) {
    report.bad("schema", fmt::format("{} migrations are waiting", *waiting),
               "Run `florin migrate`; `florin serve` does so at its start.");
  } else {
    check_objects(database, report);
  }
}

void check_version(sql::Database& database, DoctorReport& report) {
  std::string found;
  const auto start = std::chrono::steady_clock::now();
  const auto asked = database.read([&](sql::Tx& tx) {
    return tx.query(is_postgres(database) ? postgres_version : sqlite_version, {},
                    [&](const sql::Row& row) {
                      found = row.text(0);
                      return false;
                    });
  });
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  if (!asked) {
    report.bad("version", asked.error().detail, "See what the database logs.");
  } else {
    report.good("version", fmt::format("{}, answers in {} us", found, took.count()));
  }
}

std::int64_t count_live(sql::Database& database, const Clock& clock) {
  const auto nodes = cluster::list_nodes(database);
  if (!nodes) return 0;  // A schema before the table of nodes.
  return std::count_if(nodes->begin(), nodes->end(),
                       [&](const cluster::Node& node) { return node.is_live(clock.now()); });
}

void check_postgres(const Config& config, sql::Database& database, const Clock& clock,
                    DoctorReport& report) {
  auto facts = ask_postgres(database, config.effective_database_url());
  if (!facts)
    return report.bad("database", facts.error().detail, "See what the database server logs.");
  facts->nodes = std::max<std::int64_t>(1, count_live(database, clock));
  judge(*facts, report);
  check_postgres_tools(report);
}

void report_skew(std::string_view what, std::int64_t skew_us, DoctorReport& report) {
  const std::string found = fmt::format("{} ms apart from ours", skew_us / 1'000);
  if (std::abs(skew_us) > cluster::AgreedClock::tolerance_us) {
    report.bad(what, found, "Let NTP keep all machines on one time.");
  } else {
    report.good(what, found);
  }
}

void check_database_clock(sql::Database& database, const Clock& clock, DoctorReport& report) {
  const auto seen = cluster::database_time(database, clock);
  if (!seen || !*seen) return;  // That it does not answer is told by others.
  const std::int64_t middle_us = ((*seen)->before.us + (*seen)->after.us) / 2;
  report_skew("database's clock", (*seen)->theirs.us - middle_us, report);
}

/// A node that lives has said so within its ttl: by how much its time lies outside, is skew.
void check_nodes(sql::Database& database, const Clock& clock, DoctorReport& report) {
  const auto nodes = cluster::list_nodes(database);
  if (!nodes) return;  // A schema before the table of nodes: the migrations that wait were told.
  for (const cluster::Node& node : *nodes) {
    const std::string what = fmt::format("node {}", node.self.node);
    const std::int64_t age_us = clock.now().us - node.heartbeat_at.us;
    if (cluster::has_ended(node.self.process)) {
      report.doubtful(what, "ended without leaving, last heard of " + node.heartbeat_at.rfc3339(),
                      "Look why; its next start, or another node, takes over.");
    } else if (age_us < -cluster::AgreedClock::tolerance_us) {
      report_skew(what + "'s clock", -age_us, report);
    } else if (!node.is_live(clock.now())) {
      report.doubtful(what, "silent since " + node.heartbeat_at.rfc3339(),
                      "It is dead, cut off, or its clock is behind.");
    } else {
      report.good(what, fmt::format("{} on {}, version {}", node.self.address, node.self.host,
                                    node.self.version));
    }
  }
}

/// Takes the schema of this version.
void check_sealed(const Config& config, sql::Database& database, const Clock& clock,
                  DoctorReport& report) {
  const auto key = load_secret_key(config, KeyFile::is_expected);
  if (!key) return;  // That it cannot be read is told by others.
  Core core(database, clock, config, *key);
  if (const auto loaded = core.get<hub::Hub>().partners().refresh(); !loaded)
    return report.bad("sealed secrets", loaded.error().detail, "See what the database logs.");
  const std::string lost = unreadable_secrets(core);
  if (lost.empty()) return report.good("sealed secrets", "all open with the key");
  report.bad("sealed secrets", lost,
             "Put the key back that they were sealed with; without it give each a new secret: "
             "docs/runbook.md.");
}

/// Takes the schema of this version.
void check_books_key(const Config& config, sql::Database& database, DoctorReport& report) {
  const auto key = load_secret_key(config, KeyFile::is_expected);
  const auto of_books = books_key(database);
  if (!key || !of_books || of_books->empty()) return;  // Told by others, or nothing is sealed.
  const std::string here = key->empty() ? "lost" : crypto::SealKey(*key).name();
  if (here == *of_books) return report.good("seals", "made with the key that is there");
  report.bad("seals",
             fmt::format("the key of the books is {}, the one here is {}: what is written now has "
                         "no seals",
                         *of_books, here),
             "Put it back and start again, then florin anchor --accept: docs/runbook.md.");
}

void check_latency(sql::Database& database, DoctorReport& report) {
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

void check_integrity(sql::Database& database, DoctorReport& report) {
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

void check_database(const Config& config, const Clock& clock, DoctorReport& report) {
  const std::string url = config.effective_database_url();
  const std::string shown = config.shown_database_url();
  if (const auto found = expect_database(config); !found) {
    report.bad("database", found.error().detail,
               found.error().code == errors::database_lost
                   ? "Look for it, or restore a backup: docs/runbook.md."
                   : "Start `florin serve` once, or point --data or --db to where it is.");
    return;
  }
  const bool reads = is_read_only(config);
  const auto database = sql::open(url, {.read_only = reads});
  if (!database) {
    report.bad("database", database.error().detail,
               sql::is_postgres_url(url)
                   ? "The words above name the setting; docs/runbook.md says more."
                   : "Check --data, --db and permissions; a damaged file needs a backup.");
    return;
  }
  report.good("database", shown);
  check_version(**database, report);
  if (is_postgres(**database)) {
    check_postgres(config, **database, clock, report);
    check_database_clock(**database, clock, report);
  }
  check_schema(**database, report);
  if (const auto waiting = count_waiting(**database); waiting && *waiting == 0) {
    check_books_key(config, **database, report);
    check_sealed(config, **database, clock, report);
  }
  check_nodes(**database, clock, report);
  if (reads) {
    report.doubtful("writing", "this user may only read the database",
                    "That is enough to check a copy; the server needs its own folder and files.");
  } else {
    check_latency(**database, report);
  }
  check_pages(**database, report);
  check_integrity(**database, report);
}

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void check_cache(const Config& config, DoctorReport& report) {
  if (config.redis.host.empty()) return;
  const auto found = cache::check_redis(config.redis);
  if (!found) {
    report.bad("redis", found.error().detail,
               "Requests continue, with limits and sessions per node; see docs/redis.md.");
    return;
  }
  const std::string shown =
      fmt::format("version {}, answers in {} us, {}", found->version, found->round_trip_us,
                  found->is_encrypted ? "encrypted" : "plain TCP");
  if (found->is_encrypted || is_this_machine(config.redis.host)) return report.good("redis", shown);
  report.doubtful("redis", shown,
                  "Anyone on the network path can read its password and sign in: set redis.tls "
                  "(REDIS_TLS), or keep it in a private network.");
}

void check_brokers(const Config& config, DoctorReport& report) {
  const kafka::Connection& connection = config.get<relay::Settings>().kafka;
  if (connection.brokers.empty()) return;
  const auto found = kafka::check_kafka(connection, kafka_patience_ms);
  if (!found) {
    report.bad("kafka", found.error().detail,
               "Nothing is lost meanwhile: events wait in the database; see docs/kafka.md.");
  } else {
    report.good("kafka", fmt::format("{} brokers, the first answers in {} us", found->brokers,
                                     found->round_trip_us));
  }
}

}  // namespace

DoctorReport examine(const Config& config, const Clock& clock) {
  DoctorReport report;
  check_host(config, clock, report);
  check_settings(config, clock, report);
  check_database(config, clock, report);
  check_cache(config, report);
  check_brokers(config, report);
  return report;
}

}  // namespace florin::app
