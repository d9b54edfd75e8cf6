#include "app/doctor/postgres_checks.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "base/try.h"
#include "platform/sql/database.h"
#include "platform/sql/postgres_url.h"

namespace florin::app {
namespace {

/// One that writes and one for health checks, beside the readers of the pool.
constexpr std::int64_t connections_beside_pool = 2;

/// A batch has about ten statements that wait for one another.
constexpr std::int64_t slow_answer_us = 5'000;

constexpr sql::Query facts_query{
    "doctor.postgres_facts",
    "SELECT current_user, r.rolsuper OR r.rolbypassrls,"
    " coalesce(has_schema_privilege(current_schema(), 'CREATE')"
    "   AND has_schema_privilege(current_schema(), 'USAGE'), false),"
    " coalesce((SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    "   AND NOT (has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')"
    "     AND has_table_privilege(format('%I.%I', schemaname, tablename), 'INSERT'))"
    "   ORDER BY tablename LIMIT 1), ''),"
    " current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on',"
    " current_setting('synchronous_commit') <> 'off',"
    " current_setting('archive_mode') <> 'off',"
    " CAST(current_setting('max_connections') AS BIGINT)"
    "   - CAST(current_setting('superuser_reserved_connections') AS BIGINT),"
    " pg_database_size(current_database()),"
    " current_setting('data_checksums') = 'on',"
    " inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr(),"
    " coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)"
    " FROM pg_roles r WHERE r.rolname = current_user"};

bool is_true(const sql::Row& row, int column) { return row.text(column) == "t"; }

void judge_role(const PostgresFacts& facts, DoctorReport& report) {
  if (!facts.may_make_tables) {
    report.bad("privileges", facts.user + " may not make tables",
               "Let that user own the database, or GRANT USAGE, CREATE ON SCHEMA to it.");
  } else if (!facts.forbidden_table.empty()) {
    report.bad("privileges", facts.user + " may not read and add to " + facts.forbidden_table,
               "Let that user own the tables, or GRANT ALL on them to it.");
  } else {
    report.good("privileges", facts.user + " may make and use tables");
  }
  if (facts.passes_walls) {
    report.doubtful("wall between tenants", facts.user + " is a superuser or has BYPASSRLS",
                    "Row-level security does not hold it: give florin a role of its own.");
  } else {
    report.good("wall between tenants", "row-level security holds " + facts.user);
  }
}

void judge_durability(const PostgresFacts& facts, DoctorReport& report) {
  if (!facts.is_durable) {
    report.doubtful("durability", "fsync or full_page_writes is off",
                    "A power cut can destroy the database: set both to on in postgresql.conf.");
  } else if (!facts.waits_for_commit) {
    report.doubtful("durability", "synchronous_commit is off by default",
                    "Florin's own commits wait for the disk all the same; set it to on for what "
                    "others write.");
  } else {
    report.good("durability", "a commit that was answered is on the disk");
  }
  if (facts.has_checksums) {
    report.good("page checksums", "data_checksums is on");
  } else {
    report.doubtful("page checksums", "data_checksums is off",
                    "A page that the disk changed is read as if it were whole: stop the server and "
                    "run pg_checksums --enable.");
  }
  if (facts.archives) {
    report.good("archive", "archive_mode is on");
  } else {
    report.doubtful("archive", "archive_mode is off",
                    "There is no way back to a point in time but the last backup: see "
                    "docs/operations.md.");
  }
}

void judge_connections(const PostgresFacts& facts, DoctorReport& report) {
  const std::int64_t needed = facts.nodes * (facts.pool_size + connections_beside_pool);
  const std::string found = fmt::format("{} may be open, {} nodes with pool_size {} want {}",
                                        facts.connections, facts.nodes, facts.pool_size, needed);
  if (facts.connections < needed) {
    report.doubtful("connections", found,
                    "Raise max_connections of the server, or lower pool_size in database.url.");
  } else {
    report.good("connections", found);
  }
}

void judge_latency(const PostgresFacts& facts, DoctorReport& report) {
  const std::string found = fmt::format("a short read takes {} us", facts.answer_us);
  if (facts.answer_us > slow_answer_us) {
    report.doubtful("latency", found,
                    "Every batch of writes waits for several answers: bring florin and its "
                    "database nearer to each other, or look what keeps the server busy.");
  } else {
    report.good("latency", found);
  }
}

void judge_tls(const PostgresFacts& facts, DoctorReport& report) {
  if (facts.is_same_machine) {
    report.good("TLS to the database", "not needed: the server is on this machine");
  } else if (!facts.is_encrypted) {
    report.doubtful("TLS to the database", "none",
                    "Books and password travel readable: set sslmode=verify-full and sslrootcert "
                    "in database.url (DB_SSLMODE, DB_SSLROOTCERT).");
  } else if (!facts.is_server_verified) {
    report.doubtful("TLS to the database", "encrypted, but the server is not verified",
                    "Set sslmode=verify-full and sslrootcert in database.url (DB_SSLMODE, "
                    "DB_SSLROOTCERT).");
  } else {
    report.good("TLS to the database", "encrypted, and the server is verified");
  }
}

bool is_in_path(std::string_view program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    if (::access(fmt::format("{}/{}", folder, program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

/// The best of a few: what the connection can do, not what else ran meanwhile.
Result<std::int64_t> fastest_answer_us(sql::Database& database) {
  using std::chrono::steady_clock;
  auto best = steady_clock::duration::max();
  for (int i = 0; i < 4; ++i) {  // The first one connects.
    const auto start = steady_clock::now();
    TRY(database.ping());
    best = std::min(best, steady_clock::now() - start);
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(best).count();
}

}  // namespace

Result<PostgresFacts> ask_postgres(sql::Database& database, const std::string& url) {
  PostgresFacts facts;
  const sql::PostgresOptions options = TRY(sql::parse_postgres_url(url));
  facts.pool_size = options.readers;
  facts.is_server_verified = url.find("sslmode=verify-") != std::string::npos;
  TRY(database.read([&](sql::Tx& tx) {
    return tx.query(facts_query, {}, [&](const sql::Row& row) {
      facts.user = row.text(0);
      facts.passes_walls = is_true(row, 1);
      facts.may_make_tables = is_true(row, 2);
      facts.forbidden_table = row.text(3);
      facts.is_durable = is_true(row, 4);
      facts.waits_for_commit = is_true(row, 5);
      facts.archives = is_true(row, 6);
      facts.connections = row.integer(7);
      facts.bytes = row.integer(8);
      facts.has_checksums = is_true(row, 9);
      facts.is_same_machine = is_true(row, 10);
      facts.is_encrypted = is_true(row, 11);
      return false;
    });
  }));
  facts.answer_us = TRY(fastest_answer_us(database));
  return facts;
}

void judge(const PostgresFacts& facts, DoctorReport& report) {
  judge_role(facts, report);
  judge_durability(facts, report);
  judge_connections(facts, report);
  judge_latency(facts, report);
  judge_tls(facts, report);
  report.good("size", fmt::format("{} MiB", facts.bytes >> 20));
}

void check_postgres_tools(DoctorReport& report) {
  for (const std::string_view program : {"pg_dump", "pg_restore"}) {
    if (is_in_path(program)) continue;
    return report.doubtful("backup", fmt::format("{} is not in PATH", program),
                           "Install it (Debian: postgresql-client): florin backup and restore run "
                           "it.");
  }
  report.good("backup", "pg_dump and pg_restore are there");
}

}  // namespace florin::app
