#pragma once
#include <cstdint>
#include <string>

#include "app/doctor/doctor_report.h"
#include "base/result.h"

namespace florin::sql {
class Database;
}

namespace florin::app {

/// What the doctor asks a PostgreSQL server, and our own settings that must fit it.
struct PostgresFacts {
  std::string user;
  bool passes_walls = false;       ///< A superuser, or BYPASSRLS: no policy holds it.
  bool may_make_tables = false;    ///< CREATE and USAGE on the schema it works in.
  std::string forbidden_table;     ///< One that it may not read and add to; empty: none.
  bool is_durable = true;          ///< fsync and full_page_writes are on.
  bool waits_for_commit = true;    ///< The server's default of synchronous_commit is not off.
  bool has_checksums = true;       ///< data_checksums: a changed page is noticed when read.
  bool archives = false;           ///< archive_mode: point-in-time recovery is possible.
  std::int64_t connections = 0;    ///< That are open to us: max_connections without the reserved.
  std::int64_t nodes = 1;          ///< That are alive, at least one.
  std::int64_t pool_size = 0;      ///< Of each.
  std::int64_t answer_us = 0;      ///< Of a short read, on a connection that is there.
  std::int64_t bytes = 0;          ///< Size of the database.
  bool is_same_machine = true;     ///< By a unix socket, or from one address to itself.
  bool is_encrypted = false;       ///< By TLS.
  bool is_server_verified = true;  ///< sslmode is verify-full or verify-ca.
};

/// `url` is database.url. Errors: as Database::read_work.
Result<PostgresFacts> ask_postgres(sql::Database& database, const std::string& url);

/// What the facts mean, with advice.
void judge(const PostgresFacts& facts, DoctorReport& report);

/// Programs that backup and restore run.
void check_postgres_tools(DoctorReport& report);

}  // namespace florin::app
